package tui

import (
	"muster/internal/plural"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// bands are the two rows of panes between the table and the log of a large
// screen. It also returns the cells at which a line from above meets the log's
// rule.
func bands(s *screen, lay layout) (out []string, joint int) {
	widths := make([]int, lay.across)
	for i := range widths {
		widths[i] = paneW(s.w, lay.across, i)
	}
	req := trafficGraph(s, hist.OfCluster, lay.across == 3)
	open := graphPane{name: "open connections", of: hist.OfCluster, m: hist.Open, fmt: fmtCount}
	cpu := graphPane{name: "cpu of " + plural.Of(max(s.snap.CPUs, 1), "core"), of: hist.OfCluster, m: hist.CPU, fmt: fmtPercent}
	if lay.across == 2 {
		out = cell.SideBySide(s.pen(), out, lay.first, s.signs.Tee,
			sharePart(s, widths[0], lay.first, false), graphPart(s, req, widths[1], widths[1]-1, lay.first))
		out = cell.SideBySide(s.pen(), out, lay.second, s.signs.Cross,
			latencyPart(s, widths[0], lay.second, 2), graphPart(s, cpu, widths[1], widths[1]-1, lay.second))
		return out, widths[0]
	}
	out = cell.SideBySide(s.pen(), out, lay.first, s.signs.Tee,
		graphPart(s, req, widths[0], widths[0]-2, lay.first),
		graphPart(s, open, widths[1], widths[1]-2, lay.first),
		graphPart(s, cpu, widths[2], widths[2]-2, lay.first))
	out = cell.SideBySide(s.pen(), out, lay.second, s.signs.Cross,
		sharePart(s, widths[0], lay.second, true),
		latencyPart(s, widths[1], lay.second, 1),
		cell.Part{Rule: cell.Rule{Title: "the way of a connection", Right: "now"}, W: widths[2], Lines: pathPane(s, widths[2], lay.second)})
	return out, widths[0]
}

func sharePart(s *screen, w, rows int, last bool) cell.Part {
	index, _ := s.hist.Fairness(s.snap)
	return cell.Part{
		Rule: cell.Rule{Title: shareTitle(s.snap), Right: "fairness " + fmtFairness(index)}, W: w, Lines: sharePane(s, w, rows, last)}
}

func latencyPart(s *screen, w, rows, lead int) cell.Part {
	_, name := clusterTimes(s)
	return cell.Part{Rule: cell.Rule{Title: name + ", last 10 s", Right: "ms"}, W: w, Lines: latencyPane(s, w, rows, lead)}
}

func graphPart(s *screen, g graphPane, w, cells, rows int) cell.Part {
	title, right := g.title(s, cells)
	lines := g.rows(s, cells, rows)
	for i := range lines {
		l := cell.NewLine(w, s.signs)
		l.Gap(1)
		l.Raw(s.theme.Accent, lines[i], cells)
		lines[i] = l.String()
	}
	return cell.Part{Rule: cell.Rule{Title: title, Right: right}, W: w, Lines: lines}
}
