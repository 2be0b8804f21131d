package tui

import (
	"fmt"

	"muster/styles"
	"muster/tui/internal/cell"
)

// smallView is for a screen that is too small for anything else: the size
// needed, the verdict, and how to leave. The cluster goes on.
func smallView(s *screen) []string {
	need := fmt.Sprintf("muster needs %dx%d, this is %dx%d", leastW, leastH, s.w, s.h)
	if s.snap == nil {
		need = "muster"
	}
	quit := "q " + bindingOf(actQuit).seen(s).hint
	if s.dialog != nil && s.dialog.brief(s) != "" {
		quit = s.dialog.brief(s)
	}
	if s.toast != "" {
		quit = s.toast // in the place of the hints, as on a larger screen
	}
	state, st := "", styles.Style{}
	if s.snap != nil {
		v, lv := verdict(s)
		state, st = v, verdictStyle(s.theme, lv)
	}
	type piece struct {
		text string
		st   styles.Style
	}
	pieces := []piece{{need, s.theme.Text}, {state, st}, {quit, s.theme.Muted}}
	out := make([]string, 0, s.h)
	if s.h < len(pieces) {
		// If there are too few lines the verdict comes first: it says most.
		l := cell.NewLine(s.w, s.signs)
		for _, p := range []piece{pieces[1], pieces[2], pieces[0]} {
			if l.Used() > 0 {
				l.Gap(2)
			}
			l.Put(p.st, p.text)
		}
		out = append(out, l.String())
	} else {
		for _, p := range pieces {
			l := cell.NewLine(s.w, s.signs)
			l.Put(p.st, p.text)
			out = append(out, l.String())
		}
	}
	return cell.FilledUp(out, s.h, s.w)
}

// verdictStyle is reversed only if something is wrong, so that a normal state
// stays unobtrusive.
func verdictStyle(th *styles.Theme, lv level) styles.Style {
	switch lv {
	case levelWarn:
		return th.WarnBlock
	case levelDead:
		return th.DeadBlock
	}
	return th.Bold
}
