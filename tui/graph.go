package tui

import (
	"math"

	"muster/tui/internal/hist"
)

// graphPane is a graph that fills a pane: its title and rows lines of cells
// values. It shows one metric of one worker or of the cluster.
type graphPane struct {
	name string // "requests/s"
	of   int    // a worker's id, or ofCluster
	m    hist.Metric
	fmt  func(float64) string
}

// title is the left and the right side of the pane's rule. max is what the
// graph's full height stands for.
func (g graphPane) title(s *screen, cells int) (left, right string) {
	left = g.name + ", last " + fmtSeconds(cells)
	top := unknown
	if !math.IsNaN(hist.Highest(g.values(s, min(cells, hist.Keep)))) {
		top = g.fmt(s.hist.ScaleOf(g.m, cells, g.of))
	}
	return left, "max " + top
}

func (g graphPane) rows(s *screen, cells, rows int) []string {
	return s.signs.Graph(g.values(s, cells), s.hist.ScaleOf(g.m, cells, g.of), rows)
}

func (g graphPane) values(s *screen, cells int) []float64 {
	return s.hist.Cells(s.hist.Track(g.of), g.m, cells)
}
