package engine

import "encoding/json"

// report is what a Go worker tells about itself, in a NODE_MUSTER message: when
// something has changed, at most four times a second. The counters are
// cumulative, Times are the answer times since the last report.
type report struct {
	Accepted uint64      `json:"accepted"`        // connections it took, from the primary or by itself
	Closed   uint64      `json:"closed"`          // of these
	Done     uint64      `json:"done"`            // requests answered
	Times    [][2]uint64 `json:"times,omitempty"` // bucket (see Latency), count
	MaxNs    uint64      `json:"max_ns,omitempty"`
	Tells    bool        `json:"tells,omitempty"` // it can tell when it closes a connection: see follow
	Full     bool        `json:"full,omitempty"`  // it reads no more until its program has handled messages
	Short    string      `json:"short,omitempty"` // the errno for which it could not take a connection since the last report
	Ends     [][2]uint64 `json:"ends,omitempty"`  // of followed connections: hand-off, ns from taken to closed; at most endsMax
}

// endsMax bounds the ends of connections in one report.
const endsMax = 64

// follow asks a Go worker, in a NODE_MUSTER message before the hand-off of that
// number, to report when it closes the connection.
type follow struct {
	Follow *int64 `json:"follow"`
}

// tallyHandle is the type of the message a tally comes with.
const tallyHandle = "muster.Tally"

// tallyMessage is that message. It says too what the worker understands.
type tallyMessage struct {
	Sockets bool `json:"sockets"` // it accepts on sockets it is sent: see ownSocket
	Many    bool `json:"many"`    // it takes a newconn of several connections: see ipc.AppendNewConns
}

// ownSocket is the primary's NODE_MUSTER message to a Go worker with the socket of
// its own at the address with that key.
type ownSocket struct {
	Own string `json:"own"`
}

// ownSocketKey is the key of an ownSocket, "" if a message is none.
func ownSocketKey(raw []byte) string {
	var m ownSocket
	if json.Unmarshal(raw, &m) != nil {
		return ""
	}
	return m.Own
}
