package tui

import (
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// pathPane is the way of a connection through the primary, rows lines of w
// cells. Where the kernel deals the primary sees no connection.
func pathPane(s *screen, w, rows int) []string {
	snap := s.snap
	rr := snap.PrimaryDeals()
	seen := func(v string) string {
		if rr {
			return v
		}
		return unknown
	}
	accepted, taken, p99 := unknown, unknown, unknown
	if s.hist != nil {
		accepted, taken = perSecond(s.hist.AcceptRate), perSecond(s.hist.TakenRate)
		p99 = fmtLatency(s.hist.HandOffNew.P99)
	}
	count := func(n uint64) string { return fmtCount(float64(n)) }
	lines := [][3]fact{
		{{"accepted", seen(accepted)}, {"queued", seen(fmtCount(float64(snap.Queue)))}, {"longest wait", seen(fmtLatency(snap.Waited))}},
		{{"on the way", seen(fmtCount(float64(snap.Handing)))}, {"", ""}, {"p99 of it", seen(p99)}},
		{{"taken", seen(taken)}, {"dealt again", seen(count(snap.DealtAgain))}, {"refused", seen(count(snap.Refused))}},
		{{"open", fmtCount(hist.Value(snap.Open))}, {"done", perSecond(hist.Value(snap.ReqRate))}, {"lost", lostText(snap)}},
	}
	fields, gap := [3]int{19, 15, 20}, 3
	if w < 62 {
		fields, gap = [3]int{17, 16, 14}, 1
		lines[0][2].name, lines[2][1].name = "waited", "again"
	}
	out := make([]string, 0, rows)
	for _, row := range lines {
		if len(out) == rows {
			return out
		}
		l := cell.NewLine(w, s.signs)
		l.Gap(1)
		for i, f := range row {
			if i > 0 {
				l.Gap(gap)
			}
			l.Put(s.theme.Text, f.name)
			l.Right(s.theme.Text, f.value, max(fields[i]-len(f.name), 0))
		}
		out = append(out, l.String())
	}
	for len(out) < rows-1 {
		out = append(out, cell.Spaces(w))
	}
	if len(out) < rows {
		l := cell.NewLine(w, s.signs)
		if !rr {
			l.Put(s.theme.Muted, " the kernel deals: the primary sees no connection")
		}
		out = append(out, l.String())
	}
	return out
}

// perSecond is a rate: "8.24k/s".
func perSecond(v float64) string {
	if t := fmtCount(v); t != unknown {
		return t + "/s"
	}
	return unknown
}
