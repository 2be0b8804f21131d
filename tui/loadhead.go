package tui

import (
	"fmt"

	"muster/internal/safetext"
)

// loadHead is the load in the head: what it should send, beside req/s, which
// the workers answer. "" = no load runs.
func loadHead(s *screen) string {
	if !s.load.running() {
		return ""
	}
	return fmt.Sprintf("load %5s", fmtCount(float64(s.load.set.Rate)))
}

// headWithLoad puts the load into the head's text if there is room for it in
// cells, leaving out the policy and the time if necessary. false = there is no
// room.
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
