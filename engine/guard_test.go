package engine

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A guard that cannot live was started for ever, or at once.
func TestGuardsThatEndAreStartedWithoutEnd(t *testing.T) {
	var waits []time.Duration
	var said []string
	ended := 0
	for {
		ended++
		switch m := guardLost(errors.New("why"), ended).(type) {
		case msgMended:
			said = append(said, "mended")
		case msgFailed:
			said = append(said, "failed")
		default:
			said = append(said, "")
			_ = m
		}
		wait, ok := nextGuard(ended)
		if !ok {
			break
		}
		waits = append(waits, wait)
	}
	const ms = time.Millisecond
	if want := []time.Duration{100 * ms, 500 * ms, 2500 * ms, 12500 * ms}; !slices.Equal(waits, want) {
		t.Errorf("it waits for %v", waits)
	}
	if want := []string{"mended", "", "", "", "failed"}; !slices.Equal(said, want) {
		t.Errorf("it says %q", said)
	}
}
