package engine

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
