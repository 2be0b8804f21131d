package tui

// bands are the two rows of panes between the table and the log of a large
// screen. It also returns the cells at which a line from above meets the log's
// rule.
func bands(s *screen, lay layout) (out []string, joint int) {
	widths := make([]int, lay.across)
	for i := range widths {
		widths[i] = paneW(s.w, lay.across, i)
	}
	req := trafficGraph(s, ofCluster, lay.across == 3)
	open := graphPane{name: "open connections", of: ofCluster, m: mOpen, fmt: fmtCount}
	cpu := graphPane{name: "cpu of " + plural(max(s.snap.CPUs, 1), "core"), of: ofCluster, m: mCPU, fmt: fmtPercent}
	if lay.across == 2 {
		out = sideBySide(s.pen(), out, lay.first, s.signs.tee,
			sharePart(s, widths[0], lay.first, false), graphPart(s, req, widths[1], widths[1]-1, lay.first))
		out = sideBySide(s.pen(), out, lay.second, s.signs.cross,
			latencyPart(s, widths[0], lay.second, 2), graphPart(s, cpu, widths[1], widths[1]-1, lay.second))
		return out, widths[0]
	}
	out = sideBySide(s.pen(), out, lay.first, s.signs.tee,
		graphPart(s, req, widths[0], widths[0]-2, lay.first),
		graphPart(s, open, widths[1], widths[1]-2, lay.first),
		graphPart(s, cpu, widths[2], widths[2]-2, lay.first))
	out = sideBySide(s.pen(), out, lay.second, s.signs.cross,
		sharePart(s, widths[0], lay.second, true),
		latencyPart(s, widths[1], lay.second, 1),
		part{rule: rule{title: "the way of a connection", right: "now"}, w: widths[2], lines: pathPane(s, widths[2], lay.second)})
	return out, widths[0]
}

func sharePart(s *screen, w, rows int, last bool) part {
	index, _ := fairness(s)
	return part{
		rule: rule{title: shareTitle(s.snap.Policy), right: "fairness " + fmtFairness(index)}, w: w, lines: sharePane(s, w, rows, last)}
}

func latencyPart(s *screen, w, rows, lead int) part {
	_, name := clusterTimes(s)
	return part{rule: rule{title: name + ", last 10 s", right: "ms"}, w: w, lines: latencyPane(s, w, rows, lead)}
}

func graphPart(s *screen, g graphPane, w, cells, rows int) part {
	title, right := g.title(s, cells)
	lines := g.rows(s, cells, rows)
	for i := range lines {
		l := newLine(w, s.signs)
		l.gap(1)
		l.raw(s.theme.Accent, lines[i], cells)
		lines[i] = l.String()
	}
	return part{rule: rule{title: title, right: right}, w: w, lines: lines}
}
