package hist

import (
	"time"

	"muster/engine"
)

// Latencies are the answer times of the last 10 s; -1 = none was answered.
type Latencies struct{ P50, P90, P99, Max time.Duration }

// NoLatencies is the value if nothing was answered.
var NoLatencies = Latencies{-1, -1, -1, -1}

// LatenciesOf are the figures of l, which may be nil.
func LatenciesOf(l *engine.Latency) Latencies {
	if l.Count() == 0 {
		return NoLatencies
	}
	// The histogram gives 0 for a time below a microsecond, but an answer takes
	// time: without a minimum the figures would flip between 0 and 1us.
	quantile := func(q float64) time.Duration {
		d, _ := l.Quantile(q)
		return max(d, 1)
	}
	return Latencies{quantile(0.5), quantile(0.9), quantile(0.99), max(l.Max(), 1)}
}
