package load

import (
	"strings"
	"time"
)

// Figures is the JSON form of Stats and, at the end of a run, of its Result:
// one object a line. Only the last has final, by_worker and errors; its rate is
// the rate of the whole run. docs/load.md explains the fields.
type Figures struct {
	Final      bool              `json:"final,omitempty"`
	ElapsedMs  int64             `json:"elapsed_ms"`
	LeftMs     int64             `json:"left_ms"`
	Target     int               `json:"target"`
	Rate       float64           `json:"rate"`
	Sent       uint64            `json:"sent"`
	Answered   uint64            `json:"answered"`
	Refused    uint64            `json:"refused"`
	Reset      uint64            `json:"reset"`
	Cut        uint64            `json:"cut"`
	TimedOut   uint64            `json:"timed_out"`
	Wrong      uint64            `json:"wrong"`
	Late       uint64            `json:"late"`
	Overdue    uint64            `json:"overdue"`
	InFlight   uint64            `json:"in_flight"`
	Idle       int               `json:"idle"`
	IdleOpened uint64            `json:"idle_opened"`
	IdleClosed uint64            `json:"idle_closed"`
	IdleFailed uint64            `json:"idle_failed"`
	Slow       int               `json:"slow"`
	P50        int64             `json:"p50_us"`
	P90        int64             `json:"p90_us"`
	P99        int64             `json:"p99_us"`
	P999       int64             `json:"p999_us"`
	Max        int64             `json:"max_us"`
	Addr       string            `json:"addr,omitempty"`
	Reasons    []ReasonFigures   `json:"reasons,omitempty"`
	Hint       string            `json:"hint,omitempty"`
	ByWorker   map[string]uint64 `json:"by_worker,omitempty"`
	Errors     []string          `json:"errors,omitempty"`
}

// ReasonFigures is why requests failed in one way; no reason = all others.
type ReasonFigures struct {
	Kind   string `json:"kind"`
	Reason string `json:"reason,omitempty"`
	Count  uint64 `json:"count"`
}

// FiguresOf is the JSON form of st.
func FiguresOf(st Stats) *Figures {
	var reasons []ReasonFigures
	for _, r := range st.Reasons {
		reasons = append(reasons, ReasonFigures{strings.ReplaceAll(r.Kind, " ", "_"), r.Text, r.Count})
	}
	return &Figures{
		Addr: st.Addr, Reasons: reasons, Hint: st.Hint.String(),
		ElapsedMs: st.Elapsed.Milliseconds(), LeftMs: st.Left.Milliseconds(), Target: st.Target, Rate: tenths(st.Rate),
		Sent: st.Sent, Answered: st.OK, Refused: st.Refused, Reset: st.Reset, Cut: st.Cut,
		TimedOut: st.TimedOut, Wrong: st.Wrong, Late: st.Late, Overdue: st.Overdue, InFlight: st.InFlight,
		Idle: st.Idle, IdleOpened: st.Holds.Opened, IdleClosed: st.Holds.Closed, IdleFailed: st.Holds.Failed(), Slow: st.Slow,
		P50: st.P50.Microseconds(), P90: st.P90.Microseconds(), P99: st.P99.Microseconds(),
		P999: st.P999.Microseconds(), Max: st.Max.Microseconds(),
	}
}

// End makes the figures the last ones, of a run that ended with res.
func (f *Figures) End(res Result) {
	f.Final, f.Rate, f.ByWorker, f.Errors = true, tenths(res.PerSecond()), res.ByWorker, res.Errors
}

// Stats converts the figures back, as far as they tell: Holds is known only in
// part.
func (f *Figures) Stats() Stats {
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	st := Stats{
		Counts: Counts{Sent: f.Sent, OK: f.Answered, Refused: f.Refused, Reset: f.Reset, Cut: f.Cut, TimedOut: f.TimedOut, Wrong: f.Wrong},
		Late:   f.Late, Overdue: f.Overdue, InFlight: f.InFlight, Addr: f.Addr,
		Elapsed: us(1000 * f.ElapsedMs), Left: us(1000 * f.LeftMs), Target: f.Target, Rate: f.Rate,
		Idle: f.Idle, Slow: f.Slow, Hint: Hint{Text: f.Hint},
		Holds:   Holds{Opened: f.IdleOpened, Closed: f.IdleClosed},
		Latency: Latency{P50: us(f.P50), P90: us(f.P90), P99: us(f.P99), P999: us(f.P999), Max: us(f.Max)},
	}
	for _, r := range f.Reasons {
		st.Reasons = append(st.Reasons, Reason{Kind: strings.ReplaceAll(r.Kind, "_", " "), Text: r.Reason, Count: r.Count})
	}
	return st
}

func tenths(v float64) float64 { return float64(int64(v*10+0.5)) / 10 }
