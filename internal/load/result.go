package load

import (
	"fmt"
	"time"
)

// SentLate is Late in words: how many requests were sent more than 1 ms after
// they were due.
const SentLate = "sent late"

// Counts is how many requests were sent and how they ended. At the end of a
// run Sent == OK + Failed().
type Counts struct {
	Sent, OK, Refused, Reset, TimedOut, Cut, Wrong uint64
}

// Failed is how many requests ended in any other way than ok.
func (c Counts) Failed() uint64 {
	return c.Refused + c.Reset + c.TimedOut + c.Cut + c.Wrong
}

// String is one line with every kind, zeros too:
// "sent 100, ok 97, refused 0, reset 1, timed out 0, cut 2, wrong 0".
func (c Counts) String() string {
	return fmt.Sprintf("sent %d, ok %d, refused %d, reset %d, timed out %d, cut %d, wrong %d",
		c.Sent, c.OK, c.Refused, c.Reset, c.TimedOut, c.Cut, c.Wrong)
}

// Stats is a run as it stands. After the run's end it no longer changes.
type Stats struct {
	Counts
	Reasons  []Reason // why requests failed; see Reason
	Hint     Hint     // why no request is answered, as long as none is
	Addr     string   // the address that took the first connection, "" = none has
	InFlight uint64   // sent and not ended
	Late     uint64   // requests sent more than 1 ms after they were due
	Overdue  uint64   // due for more than 1 ms and not sent yet; after a stop, never sent
	Target   int      // the rate asked for; 0 = closed loop
	Rate     float64  // requests answered in the last second
	Idle     int      // connections held open and silent, now
	Slow     int      // slow clients that have a connection, now
	Holds    Holds    // what became of the idle connections
	Elapsed  time.Duration
	Left     time.Duration // until the run stops by itself; 0 = it does not, or it has been stopped
	Latency                // of the ok answers, from when they were due
}

// Result is a run that has ended.
type Result struct {
	Counts
	Reasons []Reason // why requests failed; see Reason
	Hint    Hint     // why no request was answered
	Addr    string   // the address that took the first connection, "" = none has
	Late    uint64   // requests sent more than 1 ms after they were due
	Overdue uint64   // due 1 ms before the stop or earlier, and never sent
	Holds   Holds    // what became of the idle connections
	// ByWorker counts the ok answers by the worker that gave them: the first
	// word of the header Muster-Worker, its id. Answers without the header are
	// not in it.
	ByWorker map[string]uint64
	Elapsed  time.Duration // until the last request had ended
	// Errors are the most frequent failures, each with its kind, without their
	// counts. They may quote what the server sent: not safe for a terminal.
	Errors  []string
	Latency Latency // of the ok answers, from when they were due
}

// PerSecond is how many requests were answered a second.
func (r Result) PerSecond() float64 {
	if sec := r.Elapsed.Seconds(); sec > 0 {
		return float64(r.OK) / sec
	}
	return 0
}

// String is the counts, the rate and the latency in one line.
func (r Result) String() string {
	s := fmt.Sprintf("%v in %v", r.Counts, r.Elapsed.Round(time.Millisecond))
	if sec := r.Elapsed.Seconds(); sec > 0 {
		s += fmt.Sprintf(" (%.0f/s)", float64(r.Sent)/sec)
	}
	if r.OK > 0 {
		s += fmt.Sprintf(", p50 %v, p99 %v, max %v", round(r.Latency.P50), round(r.Latency.P99), round(r.Latency.Max))
	}
	return s
}

// round keeps three digits or so: more would be noise.
func round(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}
