package tui

import (
	"testing"

	"muster/engine"
)

// Deaths of which nobody knows what they cost are not told as deaths that cost
// nothing.
func TestLostText(t *testing.T) {
	for want, snap := range map[string]engine.Snapshot{
		"0":   {},
		"3":   {Lost: 3},
		"0+":  {LostUnknown: 2},
		"3+":  {Lost: 3, LostUnknown: 1},
		"99+": {Lost: 99, LostUnknown: 1},
	} {
		if got := lostText(&snap); got != want {
			t.Errorf("%d lost, %d not known: %q, want %q", snap.Lost, snap.LostUnknown, got, want)
		}
	}
}
