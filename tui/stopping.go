package tui

import (
	"strconv"
	"strings"
	"time"

	"muster/tui/internal/cell"
)

// stopping is the progress of a graceful end.
type stopping struct{ since time.Time }

func (*stopping) isDialog() {}

// stoppingPane is the progress of a graceful end, with the log below it.
func stoppingPane(s *screen, w, rows, y, joint int) ([]string, []zone) {
	snap := s.snap
	right := "q or ctrl+c again: at once"
	if !snap.StopBy.IsZero() {
		right = fmtShortly(snap.StopBy.Sub(clockOf(s))) + " s to go   " + right
	}
	var left, gone int
	for i := range snap.Workers {
		if alive(&snap.Workers[i]) {
			left++
		} else {
			gone++
		}
	}
	l := cell.NewLine(w, s.signs)
	l.Gap(1)
	const cells = 16
	bar, n := "", 0
	if left+gone > 0 && gone > 0 {
		bar, n = s.signs.Bar(float64(gone)/float64(left+gone), cells)
	}
	if left+gone == 0 {
		bar, n = s.signs.Bar(1, cells)
	}
	l.Raw(s.theme.Accent, bar, n)
	l.Raw(s.theme.Muted, strings.Repeat(s.signs.Hollow, cells-n), cells-n)
	l.Put(s.theme.Text, "  "+plural(left, "worker")+" left")
	if snap.Open != nil {
		l.Put(s.theme.Text, "   "+plural(*snap.Open, "connection")+" open")
	}
	if snap.Queue > 0 {
		l.Put(s.theme.Text, "   "+strconv.Itoa(snap.Queue)+" in the queue")
	}
	head := []string{cell.Rule{Title: "stopping", Right: right, Joint: joint}.Draw(s.pen(), w), l.String()}
	return aboveLog(s, head, w, rows, y)
}
