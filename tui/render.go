package tui

import "muster/tui/internal/cell"

// render draws a screen: exactly h lines of exactly w cells, and the zones the
// mouse can hit. It changes nothing but the caches of rows and scales, and is
// for the model's goroutine only.
func render(s *screen) frame {
	f := draw(s)
	if s.ascii {
		for i := range f.lines {
			f.lines[i] = cell.ASCIILine(f.lines[i])
		}
	}
	return f
}

func draw(s *screen) frame {
	w, h := max(s.w, 0), max(s.h, 0)
	if w != s.w || h != s.h {
		c := *s
		c.w, c.h = w, h
		return draw(&c)
	}
	if w == 0 || h == 0 {
		return frame{lines: make([]string, h)}
	}
	lay := layoutFor(s)
	if lay.small {
		return frame{lines: smallView(s)}
	}
	f := &frame{}
	f.add(headLines(s), nil)
	switch d := s.dialog; {
	case s.help || s.view == viewKeys:
		if h < namesH { // the view below needs the room
			*f = frame{}
		}
		f.add(helpView(s, h-len(f.lines)-1), nil)
	case d != nil && d.whole():
		lines, zones := d.draw(s, area{w: w, rows: h - len(f.lines) - 2, y: len(f.lines)})
		f.add(lines, zones)
	default:
		bar, zones := viewBar(s, lay, len(f.lines))
		f.add([]string{bar}, zones)
		if s.view == viewTraffic {
			f.trafficView(s, lay)
			break
		}
		joint := 0
		if s.view != viewLog {
			joint = f.overview(s, lay)
		}
		f.bottom(s, lay, joint)
	}
	line, zones := bottomLine(s, len(f.lines))
	f.add([]string{line}, zones)
	f.lines = cell.FilledUp(f.lines, h, w)
	return *f
}

func (f *frame) add(lines []string, zones []zone) {
	f.lines = append(f.lines, lines...)
	f.zones = append(f.zones, zones...)
}

// overview draws everything above the log, and returns the cell at which a
// vertical line meets the log's rule.
func (f *frame) overview(s *screen, lay layout) (joint int) {
	lines, zones := tablePane(s, lay, len(f.lines))
	f.add(lines, zones)
	if lay.crash {
		f.add(cell.FilledUp(crashPane(s), crashLines, s.w), nil)
	}
	if lay.strip {
		f.add(shareStrip(s), nil)
	}
	if lay.across > 0 {
		lines, joint = bands(s, lay)
		f.add(lines, nil)
	}
	return joint
}

// bottom draws the log or the dialog in its place, and the worker beside it.
func (f *frame) bottom(s *screen, lay layout, joint int) {
	w, y := lay.logW, len(f.lines)
	var lines []string
	var zones []zone
	if a := (area{w: w, rows: lay.logRows, y: y, joint: joint}); s.dialog != nil {
		lines, zones = s.dialog.draw(s, a)
	} else {
		lines, zones = belowTable(s, w, lay.logRows, y, joint)
	}
	if w < s.w {
		junction := s.theme.Muted.Render(s.signs.Cross)
		for i, text := range sidePane(s, s.w-w-1, lay.logRows) {
			lines[i] += junction + text
			junction = s.theme.Muted.Render(s.signs.Pipe)
		}
	}
	f.add(lines, zones)
}

// trafficView draws view 3 below the view bar.
func (f *frame) trafficView(s *screen, lay layout) {
	t := lay.conns
	lines, zones := connList(s, t.list, len(f.lines))
	f.add(lines, zones)
	if s.dialog != nil {
		f.bottom(s, lay, 0)
		return
	}
	f.add(wherePane(s, t.where), nil)
	f.add(stepsPane(s, t.steps), nil)
}
