package cell

import (
	"math"
	"strings"
)

// Spark is a history in one line of cells: eighth blocks from 0 to scale. Zero
// is "_", so that a second without activity is visible; a value that is not
// known is blank.
func (sg *Signs) Spark(values []float64, scale float64) string {
	var b strings.Builder
	b.Grow(3 * len(values))
	for _, v := range values {
		b.WriteString(sg.Cell(v, scale, 8, 0))
	}
	return b.String()
}

// Cell is the part of a column, height units (eighths of a cell) high, that
// lies in the row which begins at unit from.
func (sg *Signs) Cell(v, scale float64, height, from int) string {
	if math.IsNaN(v) || v < 0 {
		return " "
	}
	if v == 0 {
		if from == 0 {
			return sg.zero
		}
		return " "
	}
	units := height
	if scale > 0 && v < scale {
		units = max(1, min(int(v/scale*float64(height)+0.5), height))
	}
	return sg.levels[max(0, min(units-from, 8))]
}

// Graph is a history as in Spark, in rows lines, the top line first.
func (sg *Signs) Graph(values []float64, scale float64, rows int) []string {
	rows = max(rows, 0)
	out := make([]string, rows)
	var b strings.Builder
	for y := range rows {
		b.Reset()
		b.Grow(3 * len(values))
		for _, v := range values {
			b.WriteString(sg.Cell(v, scale, 8*rows, 8*(rows-1-y)))
		}
		out[y] = b.String()
	}
	return out
}

// Bar is a bar of at most full cells for the share part (0 to 1), in whole
// cells, and how many cells it takes.
func (sg *Signs) Bar(part float64, full int) (string, int) {
	n := int(fraction(part)*float64(full) + 0.5)
	if n == 0 && part > 0 && full > 0 {
		n = 1
	}
	return strings.Repeat(sg.full, n), n
}

// HalfBar is Bar with half cells, rounded down.
func (sg *Signs) HalfBar(part float64, full int) (string, int) {
	halves := int(fraction(part)*float64(2*full) + 1e-9)
	if halves == 0 && part > 0 && full > 0 {
		halves = 1
	}
	s, n := strings.Repeat(sg.full, halves/2), halves/2
	if halves%2 == 1 {
		s, n = s+sg.half, n+1
	}
	return s, n
}

func fraction(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return max(0, min(v, 1))
}
