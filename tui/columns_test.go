package tui

import (
	"testing"

	"muster/tui/internal/hist"
)

func TestColumnsFillTheWidth(t *testing.T) {
	for w := leastW; w <= 500; w++ {
		for _, id := range []int{1, 3, 5, 7} {
			if c := columnsFor(w, id, 7); c.width() != w {
				t.Fatalf("%d cells, ids of %d: the columns take %d", w, id, c.width())
			}
		}
	}
}

// TestColumnsComeInOrder: those of the mock-ups at their widths, and none that
// was there goes as the screen gets wider.
func TestColumnsComeInOrder(t *testing.T) {
	for _, c := range []struct {
		w, last int
		has     []column
		lacks   []column
	}{
		{60, 15, []column{colNumber, colPID, colState, colReq, colOpen, colCPU}, []column{colDealt, colMem, colRestarts, colUp}},
		{80, 12, []column{colDealt, colMem, colRestarts, colUp}, []column{colDone, colP99, colLastExit}},
		{120, 24, []column{colDone, colP99, colLastExit}, []column{colShare, colHand, colCPUPast, colFDs, colP50}},
		{200, 41, []column{colShare, colHand, colCPUPast, colFDs, colP50}, nil},
	} {
		cols := columnsFor(c.w, 3, 7)
		if cols[colLast] != c.last {
			t.Errorf("%d: LAST has %d cells, want %d", c.w, cols[colLast], c.last)
		}
		for _, id := range c.has {
			if cols[id] == 0 {
				t.Errorf("%d: no %s", c.w, cols.heading(id, hist.Req))
			}
		}
		for _, id := range c.lacks {
			if cols[id] != 0 {
				t.Errorf("%d: has column %d, which comes later", c.w, id)
			}
		}
	}
	before := columnsFor(leastW, 3, 7)
	for w := leastW + 1; w <= 220; w++ {
		now := columnsFor(w, 3, 7)
		if now[colLast] < lastNarrow {
			t.Errorf("%d: LAST has %d cells", w, now[colLast])
		}
		for id := range before {
			if column(id) != colLast && before[id] > now[id] {
				t.Errorf("column %d is there at %d and not at %d", id, w-1, w)
			}
		}
		before = now
	}
}

// TestDealtGoesLast: UP, RST and MEM go before DEALT.
func TestDealtGoesLast(t *testing.T) {
	for w := leastW; w < 80; w++ {
		c := columnsFor(w, 3, 7)
		if c[colDealt] == 0 && c[colMem]+c[colRestarts]+c[colUp] > 0 {
			t.Errorf("%d: DEALT has gone before MEM, RST and UP", w)
		}
	}
}

func TestWideIDTakesItsCellsFromLast(t *testing.T) {
	narrow, wide := columnsFor(80, 3, 7), columnsFor(80, 5, 7)
	if wide[colNumber] != 5 || wide[colLast] != narrow[colLast]-2 || wide[colUp] == 0 {
		t.Errorf("ids of 5 cells: ID %d, LAST %d, UP %d", wide[colNumber], wide[colLast], wide[colUp])
	}
}
