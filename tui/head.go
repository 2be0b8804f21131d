package tui

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/safetext"
	"muster/internal/say"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// level is how bad a verdict is.
type level int

const (
	levelWell level = iota
	levelWarn
	levelDead
)

// verdict is the state of the cluster in a few words.
func verdict(s *screen) (string, level) {
	if s.stopping || s.snap.Stopping {
		return "stopping", levelWell
	}
	slots, listening, gaveUp := countSlots(s.snap)
	of := fmt.Sprintf("%d of %d listening", listening, slots)
	switch {
	case slots == 0:
		return s.signs.Warning + " no workers", levelWarn
	case gaveUp > 0:
		return s.signs.Stopped + " " + of + ": CRASH LOOP", levelDead
	case len(s.snap.Unserved) > 0:
		// The verdict must not only say that all listen: some clients get no
		// answer.
		nobody := "nobody at " + shortAddr(s.snap.Unserved[0], s.signs.Ellipsis)
		if n := len(s.snap.Unserved); n > 1 {
			nobody += " +" + strconv.Itoa(n-1)
		}
		return s.signs.Warning + " " + cell.Fitting(s.w/2, of+", "+nobody, nobody), levelWarn
	case listening < slots:
		return s.signs.Warning + " " + of, levelWarn
	}
	return s.signs.Listening + " " + of, levelWell
}

// shortAddr is ":3000", or the last part of a path.
func shortAddr(a engine.Address, ellipsis string) string {
	if a.Network == "unix" {
		const most = 16
		return safetext.Cut(safetext.Line(filepath.Base(a.Host)), most, ellipsis)
	}
	return ":" + strconv.Itoa(a.Port)
}

// headLines are the two lines on top.
func headLines(s *screen) []string {
	return []string{headLine(s), figuresLine(s)}
}

// headLine says what runs, with the verdict at its right end. The verdict is
// never cut to make room.
func headLine(s *screen) string {
	v, lv := verdict(s)
	n := safetext.Width(v)
	l := cell.NewLine(s.w, s.signs)
	room := s.w - n - 2
	l.Put(s.theme.Text, " ")
	l.Put(s.theme.Title, "muster")
	l.Put(s.theme.Text, headText(s, room-l.Used()))
	l.To(s.w - n - 2)
	st := verdictStyle(s.theme, lv)
	if lv == levelWell {
		l.Gap(1)
		l.Put(st, v)
	} else {
		l.Raw(st, " "+v+" ", n+2)
	}
	return l.String()
}

// headText is the address, the policy and the time since the start, in the
// longest form that fits in cells.
func headText(s *screen, cells int) string {
	addr, port, more := unknown, unknown, ""
	if as := s.snap.Addresses; len(as) > 0 {
		addr = safetext.Line(as[0].String())
		port = addr
		if as[0].Network != "unix" {
			port = ":" + strconv.Itoa(as[0].Port)
		}
		if len(as) > 1 {
			more = " +" + strconv.Itoa(len(as)-1)
		}
	}
	up := fmt.Sprintf("up %6s", say.Span(clockOf(s).Sub(s.snap.Started)))
	policy := s.snap.Policy.String()
	if text, ok := headWithLoad(s, cells, addr+more, port+more, policy, up); ok {
		return text
	}
	cpus, brief := cpusText(s.snap)
	text := cell.Fitting(cells,
		"  "+addr+more+"   policy "+policy+"   "+up+cpus,
		"  "+addr+more+"   policy "+policy+"   "+up+brief,
		"  "+addr+more+"  "+policy+"  "+up+brief,
		"  "+addr+more+"   policy "+policy+"   "+up,
		"  "+addr+more+"  "+policy+"  "+up,
		" "+port+more+"  "+policy+"  "+up)
	if s.w < namesW {
		// People type the port elsewhere, so the time is left out first.
		text = cell.Fitting(cells,
			" "+port+more+"  "+policy+"  "+up,
			" "+port+more+"  "+policy,
			" "+port+more)
	}
	if safetext.Width(text) > cells { // a path, perhaps
		rest := more + "  " + policy + "  " + up
		text = " " + safetext.Cut(port, max(cells-1-len(rest), 1), s.signs.Ellipsis) + rest
	}
	return safetext.Cut(text, max(cells, 0), s.signs.Ellipsis)
}

// cpusText says how many processors there are and what limits them, and a short
// form without the limit. Both are "" if nothing limits them.
func cpusText(snap *engine.Snapshot) (text, brief string) {
	if snap.CPULimit == "" {
		return "", ""
	}
	text = "   " + safetext.Line(snap.CPULimit)
	brief, _, _ = strings.Cut(text, ":")
	return text, brief
}

// figure is one of the head's figures; figures that do not fit are left out,
// the last in the order first.
type figure struct {
	text  string
	order int
}

// figuresLine is the line of figures over the whole cluster.
func figuresLine(s *screen) string {
	snap := s.snap
	queue := unknown
	if snap.PrimaryDeals() {
		queue = fmtOpen(snap.Queue)
	}
	open := unknown
	if snap.Open != nil {
		open = fmtOpen(*snap.Open)
	}
	lat, cpu, mem := hist.NoLatencies, unknown, unknown
	if t := s.hist.Cluster(); t != nil {
		lat = t.Answered
		cpu = fmtPercent(s.hist.At(t, hist.CPU, 0))
		mem = fmtMem(s.hist.At(t, hist.Mem, 0))
	}
	fair, _ := s.hist.Fairness(s.snap)
	figures := []figure{
		{fmt.Sprintf("req/s %5s", fmtCount(hist.Value(snap.ReqRate))), 0},
		{fmt.Sprintf("p50 %6s", fmtLatency(lat.P50)), 7},
		{fmt.Sprintf("p99 %6s", fmtLatency(lat.P99)), 8},
		{fmt.Sprintf("open %4s", open), 1},
		{fmt.Sprintf("queue %4s", queue), 2},
		{fmt.Sprintf("cpu %4s", cpu), 3},
		{fmt.Sprintf("mem %5s", mem), 6},
		{fmt.Sprintf("restarts %3s", fmtShort(snap.Restarts, 999)), 4},
		{fmt.Sprintf("lost %3s", lostText(snap)), 5},
		{fmt.Sprintf("fair %4s", fmtFairness(fair)), 9},
		{fmt.Sprintf("tick %3s", fmtTick(s.tick)), 10},
		{fmt.Sprintf("missed %3s", fmtShort(s.missed, 999)), 11},
	}
	upTo := fitFigures(figures, s.w)
	l := cell.NewLine(s.w, s.signs)
	for _, f := range figures {
		if f.order >= upTo {
			continue
		}
		if l.Used() == 0 {
			l.Gap(1)
		} else {
			l.Gap(2)
		}
		name, value, _ := strings.Cut(f.text, " ")
		l.Put(s.theme.Muted, name)
		st := s.theme.Text
		if name == "lost" && (snap.Lost > 0 || snap.LostUnknown > 0) {
			st = s.theme.Warn
		}
		l.Put(st, " "+value)
	}
	return l.String()
}

// lostText is how many connections died with their workers; "3+" if for some
// deaths the number is not known.
func lostText(snap *engine.Snapshot) string {
	if snap.LostUnknown == 0 {
		return fmtShort(snap.Lost, 999)
	}
	return fmtShort(snap.Lost, 99) + "+"
}

// fitFigures is the order from which figures are left out in w cells.
func fitFigures(figures []figure, w int) int {
	used := -1
	for order := range len(figures) {
		for _, f := range figures {
			if f.order == order {
				used += 2 + len(f.text)
			}
		}
		if used > w {
			return order
		}
	}
	return len(figures)
}

func fmtTick(d time.Duration) string {
	if d > 0 && d < time.Second {
		return fmt.Sprintf("%dms", d.Milliseconds())
	}
	return fmtAge(d)
}

// viewBar is the line of the views' names, with notes about the table at its
// right end. Without names it is a plain rule.
func viewBar(s *screen, lay layout, y int) (string, []zone) {
	var zones []zone
	l := cell.NewLine(s.w, s.signs)
	if lay.names {
		l.Fill(s.theme.Muted, s.signs.Rule, 2)
		for _, v := range []struct {
			id   viewID
			name string
		}{{viewOverview, "overview"}, {viewTraffic, "traffic"}, {viewLog, "log"}, {viewKeys, "keys"}} {
			key := strconv.Itoa(int(v.id))
			x := l.Used()
			if v.id == shownView(s) {
				l.Put(s.theme.Accent.And(s.theme.Bold), "["+key+" "+v.name+"]")
			} else {
				l.Put(s.theme.Text, " "+key+" "+v.name+" ")
			}
			zones = append(zones, zone{x0: x, x1: l.Used(), y: y, kind: zoneView, key: key})
		}
	}
	right, frozen := barNote(s, lay)
	st := s.theme.Muted
	if frozen {
		st = s.theme.Warn
	}
	if n := safetext.Width(right); n > 0 {
		right = safetext.Cut(right, max(s.w-l.Used()-4, 0), s.signs.Ellipsis)
		n = safetext.Width(right)
		l.Fill(s.theme.Muted, s.signs.Rule, s.w-n-3)
		l.Put(st, " "+right)
		typed := s.filtering && s.focus == paneTable && right == tableFilter+s.filter[paneTable]
		if typed {
			l.Raw(s.theme.Cursor, " ", 1)
		} else {
			l.Gap(1)
		}
	}
	l.Fill(s.theme.Muted, s.signs.Rule, s.w)
	return l.String(), zones
}

func shownView(s *screen) viewID {
	if s.help {
		return viewKeys
	}
	return s.view
}
