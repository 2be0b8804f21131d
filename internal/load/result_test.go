package load

import (
	"testing"
	"time"
)

func TestResultString(t *testing.T) {
	r := Result{
		Counts:  Counts{Sent: 100, OK: 94, Refused: 1, Reset: 2, TimedOut: 0, Cut: 3, Wrong: 0},
		Elapsed: 2 * time.Second,
		Latency: Latency{P50: 1234567, P99: 45678901, Max: 100 * time.Millisecond},
	}
	want := "sent 100, ok 94, refused 1, reset 2, timed out 0, cut 3, wrong 0 in 2s (50/s), p50 1.23ms, p99 45.7ms, max 100ms"
	if got := r.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Failed() != 6 {
		t.Errorf("failed %d, want 6", r.Failed())
	}
	if got, want := (Result{}).String(), "sent 0, ok 0, refused 0, reset 0, timed out 0, cut 0, wrong 0 in 0s"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
