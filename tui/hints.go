package tui

import (
	"slices"

	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// hintLine is the last line: what can be pressed now, or a toast. The last hint
// is never left out.
func hintLine(s *screen, y int) (string, []zone) {
	l := cell.NewLine(s.w, s.signs)
	if s.toast != "" {
		l.Gap(1)
		l.Put(s.theme.Bold, s.toast)
		return l.String(), nil
	}
	hints := hintsFor(s)
	if len(hints) == 0 {
		return l.String(), nil
	}
	hints = fitHints(s, hints)
	gap := hintGap(s)
	var zones []zone
	last := len(hints) - 1
	for i, h := range hints {
		n := hintWidth(s, h)
		switch {
		case i == last && i > 0 && l.Used()+2+n < s.w && !aDialogs(s):
			l.To(s.w - n - 1)
		case i > 0:
			l.Gap(gap)
		default:
			l.Gap(1)
		}
		start := l.Used()
		l.Put(s.theme.Key, s.signs.Say(h.key))
		l.Gap(1)
		l.Put(s.theme.Text, h.text)
		zones = append(zones, zone{x0: start, x1: l.Used(), y: y, kind: zoneHint, key: h.key})
	}
	return l.String(), zones
}

// hintGap is the cells between two hints.
func hintGap(s *screen) int {
	if aDialogs(s) {
		return 3
	}
	return 2
}

func hintWidth(s *screen, h hint) int {
	return safetext.Width(s.signs.Say(h.key)) + 1 + safetext.Width(h.text)
}

// fitHints makes the hints fit: hints are left out from the back, but never the
// last one, until the short forms of the others have room; then as many hints
// as necessary use their short form. On a narrow screen a cell stays free at
// the right edge, as on the left; at 80 cells a line may need them all.
func fitHints(s *screen, hints []hint) []hint {
	edge := 0
	if s.w < namesW {
		edge = 1
	}
	need := func(hints []hint) int {
		n := 1 + hintGap(s)*(len(hints)-1) + edge
		for _, h := range hints {
			n += hintWidth(s, h)
		}
		return n
	}
	short := slices.Clone(hints)
	for i := range short {
		short[i] = short[i].inShort()
	}
	for len(short) > 1 && need(short) > s.w {
		n := len(short)
		short = append(short[:n-2], short[n-1])
	}
	fit := append(slices.Clone(hints[:len(short)-1]), hints[len(hints)-1])
	for i := 0; i < len(fit) && need(fit) > s.w; i++ {
		fit[i] = short[i]
	}
	return fit
}

// inShort is the hint in its short words, if it has some.
func (h hint) inShort() hint {
	if h.short != "" {
		h.text = h.short
	}
	return h
}

// hintsFor is the hint line of what is on the screen.
func hintsFor(s *screen) []hint {
	if s.dialog != nil {
		if hs := s.dialog.hints(s); hs != nil {
			return hs
		}
	}
	switch {
	case tourSeen(s) && !s.filtering:
		return tourHints(s)
	case s.filtering:
		return []hint{{"enter", "keep", "keep"}, {"esc", "clear", "clear"}}
	case s.view == viewTraffic:
		return trafficHints(s)
	case s.view == viewLog:
		return placeHints(s, inLog)
	case s.view == viewKeys:
		return []hint{hintOf(s, actView1, "overview"), hintOf(s, actView4, "log"), hintOf(s, actEsc, "back"), hintOf(s, actHelp, "all keys")}
	case crashLoop(s.snap):
		return []hint{hintOf(s, actRestart, "try now"), hintOf(s, actDetails, "its last lines"),
			hintOf(s, actQuit, "leave"), hintOf(s, actHelp, "keys")}
	}
	return placeHints(s, inMain)
}

// aDialogs tells whether the hints are a dialog's. A dialog has few, so they
// stand at the left and far apart; the last hint of a view stands at the right
// end.
func aDialogs(s *screen) bool {
	if s.dialog == nil {
		return s.filtering || s.view == viewOverview && crashLoop(s.snap)
	}
	return s.dialog.few(s)
}
