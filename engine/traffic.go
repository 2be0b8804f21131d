package engine

import (
	"net/netip"
	"time"
)

const (
	// trafficKept is how many connections a Traffic holds at most.
	trafficKept = 64
	// trafficRate is how many connections a second are kept. Above it nobody
	// could follow them, and one in N stands for all.
	trafficRate = 20
)

// Traffic is what a Snapshot says of single connections while they are watched
// (OpWatch). Like the Snapshot it is never changed. In shared the primary sees
// no connection: Waiting and Takes are all there is then.
type Traffic struct {
	Since time.Time `json:"since"`          // when the watching began
	Rate  float64   `json:"accepted_per_s"` // connections the primary accepted in the last second
	OneIn int       `json:"one_in"`
	Total uint64    `json:"total"` // connections the primary accepted since Since

	// Conns are the newest connections that are kept, at most 64, oldest first.
	// 1 in OneIn is kept; OneIn is chosen so that about 20 a second are.
	Conns []TrafficConn `json:"conns"`

	// The times of the last 10 s: from accept to hand-off and from hand-off to
	// its answer for every connection, from there to the close for those kept
	// whose worker tells it.
	Queued *Latency `json:"queued,omitempty"`
	Handed *Latency `json:"handed,omitempty"`
	Served *Latency `json:"served,omitempty"`

	Waiting *int          `json:"waiting"`         // connections in the kernel's backlog; nil = not known
	Takes   []TrafficRate `json:"takes,omitempty"` // what the workers that tell took, by id
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
	Worker   int            `json:"worker,omitempty"` // whom it was handed to
	Handed   time.Time      `json:"handed,omitzero"`  // to that worker
	Taken    time.Time      `json:"taken,omitzero"`   // that worker's yes
	Done     time.Time      `json:"done,omitzero"`    // closed by the worker, or Lost
	Tells    bool           `json:"tells,omitempty"`  // the worker tells when it closes it; otherwise Done stays zero
	Lost     bool           `json:"lost,omitempty"`   // cut: its worker died, or the address was closed
	Earlier  []TrafficHop   `json:"earlier,omitempty"`
}

// TrafficHop is a hand-off that came to nothing: the connection was untouched
// and went to another worker, except "used, not answered".
type TrafficHop struct {
	Worker int       `json:"worker"`
	Handed time.Time `json:"handed"`
	Ended  time.Time `json:"ended"`
	Why    string    `json:"why"` // "refused", "worker died first", ...: docs/wire.md
}

// sieve decides which connections are kept: all of them up to trafficRate a
// second, above it one in N, chosen anew each second. Which one of N is drawn by
// lot: with every Nth, workers that take turns would not all be seen. Pure, the
// same lots each time; the zero value is ready.
type sieve struct {
	lot   uint32
	place int       // of the next connection among the N
	pick  int       // the place that is kept
	began time.Time // of this second
	count int       // connections in it
	kept  int       // of these
	n     int       // one in n; 0 = 1
	rate  float64   // of the second before
}

// roll begins a new second if the last one is over.
func (s *sieve) roll(now time.Time) {
	if s.began.IsZero() {
		s.began = now
	}
	past := now.Sub(s.began)
	if past < time.Second {
		return
	}
	s.rate = float64(s.count) / past.Seconds()
	s.n = max(int(s.rate+trafficRate-1)/trafficRate, 1)
	s.began, s.count, s.kept = now, 0, 0
	s.deal()
}

// deal begins N connections anew.
func (s *sieve) deal() {
	// xorshift32 (Marsaglia, 2003)
	if s.lot == 0 {
		s.lot = 2463534242
	}
	s.lot ^= s.lot << 13
	s.lot ^= s.lot >> 17
	s.lot ^= s.lot << 5
	s.place, s.pick = 0, int(s.lot%uint32(max(s.n, 1)))
}

// keep counts a connection and tells whether it is kept. A burst does not wait
// for the second to be over: N grows fourfold when twice as many as meant are kept.
func (s *sieve) keep(now time.Time) bool {
	s.roll(now)
	s.n = max(s.n, 1)
	s.count++
	if s.place >= s.n {
		s.deal()
	}
	s.place++
	if s.place-1 != s.pick {
		return false
	}
	s.kept++
	if s.kept >= 2*trafficRate {
		s.n *= 4
		s.kept = trafficRate
		s.deal()
	}
	return true
}

// trafficSpan is how many seconds a span covers.
const trafficSpan = 10

// span is the times of the last 10 s, by the second. Pure; the zero value is
// ready.
type span struct {
	seconds [trafficSpan]Latency
	newest  int64 // the second since began that was last written
	began   time.Time
}

// roll empties the seconds that have come since the last call.
func (s *span) roll(now time.Time) *Latency {
	if s.began.IsZero() {
		s.began = now
	}
	sec := max(int64(now.Sub(s.began)/time.Second), s.newest)
	for i := s.newest + 1; i <= min(sec, s.newest+trafficSpan); i++ {
		s.seconds[i%trafficSpan] = Latency{}
	}
	if sec > s.newest+trafficSpan { // all are empty: the ring may turn at will
		s.seconds[sec%trafficSpan] = Latency{}
	}
	s.newest = sec
	return &s.seconds[sec%trafficSpan]
}

// record counts one time.
func (s *span) record(now time.Time, d time.Duration) { s.roll(now).record(max(d, 0)) }

// sum is a histogram of all times of the last 10 s.
func (s *span) sum(now time.Time) *Latency {
	s.roll(now)
	var l Latency
	for i := range s.seconds {
		if s.seconds[i].n > 0 {
			l.Merge(&s.seconds[i])
		}
	}
	return &l
}
