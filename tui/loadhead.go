package tui

import (
	"fmt"

	"muster/internal/safetext"
)

// loadHead is the load in the head: what it is to send, beside req/s, which is
// what the workers answer. "" = none runs.
func loadHead(s *screen) string {
	if !s.load.running() {
		return ""
	}
	return fmt.Sprintf("load %5s", fmtCount(float64(s.load.set.Rate)))
}

// headWithLoad puts the load into the head's text if there is room for it in
// cells; the policy and the time go first. false = there is none.
func headWithLoad(s *screen, cells int, addr, port, policy, up string) (string, bool) {
	load := loadHead(s)
	if load == "" {
		return "", false
	}
	cpus, brief := cpusText(s.snap)
	for _, text := range []string{
		"  " + addr + "   policy " + policy + "   " + up + "   " + load + cpus,
		"  " + addr + "   policy " + policy + "   " + up + "   " + load + brief,
		"  " + addr + "   policy " + policy + "   " + up + "   " + load,
		"  " + addr + "  " + policy + "  " + up + "  " + load,
		" " + port + "  " + policy + "  " + up + "  " + load,
		" " + port + "  " + policy + "  " + load,
		" " + port + "  " + load,
	} {
		if safetext.Width(text) <= cells {
			return text, true
		}
	}
	return "", false
}
