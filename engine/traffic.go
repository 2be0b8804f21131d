package engine

import (
	"net/netip"
	"time"
)

// Traffic is what a Snapshot says of single connections while they are watched
// (OpWatch). Like the Snapshot it never changes. In shared the primary sees no
// connection: then there are only Waiting and Takes.
type Traffic struct {
	Since time.Time `json:"since"`          // when the watching began
	Rate  float64   `json:"accepted_per_s"` // connections the primary accepted in the last second
	OneIn int       `json:"one_in"`
	Total uint64    `json:"total"` // connections the primary accepted since Since

	// Conns are the newest connections that are kept, at most 64, oldest first.
	// 1 in OneIn is kept; OneIn is chosen so that about 20 a second are.
	Conns []TrafficConn `json:"conns"`

	// The times of the last 10 s: from accept to hand-off and from hand-off to
	// its answer for every connection, and from the answer to the close for
	// kept connections whose worker reports the close.
	Queued *Latency `json:"queued,omitempty"`
	Handed *Latency `json:"handed,omitempty"`
	Served *Latency `json:"served,omitempty"`

	Waiting *int          `json:"waiting"`         // connections in the kernel's backlog; nil = not known
	Takes   []TrafficRate `json:"takes,omitempty"` // how many each worker that tells took, by id
}

// TrafficRate is how many connections a worker took in the last second, from
// the primary or by itself.
type TrafficRate struct {
	Worker int     `json:"worker"`
	Rate   float64 `json:"per_s"`
}

// TrafficConn is the way of one connection. A time that is zero has not come
// yet.
type TrafficConn struct {
	N        uint64         `json:"n"`    // its number among all the primary accepted, from 1
	From     netip.AddrPort `json:"from"` // zero on a unix socket
	Accepted time.Time      `json:"accepted"`
	Waited   string         `json:"waited,omitempty"` // why it was not handed off at once: "no worker listens", ...: docs/wire.md
	Worker   int            `json:"worker,omitempty"` // the worker it was handed to
	Handed   time.Time      `json:"handed,omitzero"`  // to that worker
	Taken    time.Time      `json:"taken,omitzero"`   // when that worker answered yes
	Done     time.Time      `json:"done,omitzero"`    // closed by the worker, or Lost
	Tells    bool           `json:"tells,omitempty"`  // the worker reports when it closes the connection; otherwise Done stays zero
	Lost     bool           `json:"lost,omitempty"`   // cut: its worker died, or the address was closed
	Earlier  []TrafficHop   `json:"earlier,omitempty"`
}

// TrafficHop is a failed hand-off: the connection was untouched and went to
// another worker, except with "used, not answered".
type TrafficHop struct {
	Worker int       `json:"worker"`
	Handed time.Time `json:"handed"`
	Ended  time.Time `json:"ended"`
	Why    string    `json:"why"` // "refused", "worker died first", ...: docs/wire.md
}
