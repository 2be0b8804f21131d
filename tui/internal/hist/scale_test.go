package hist

import (
	"math"
	"testing"
)

func TestScaleStep(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		m       Metric
		v, want float64
	}{
		{Req, 0, 1}, {Req, 1, 1}, {Req, 1.1, 2}, {Req, 2, 2}, {Req, 4.13, 5}, {Req, 5, 5}, {Req, 7, 8}, {Req, 8.41, 10}, {Req, 10, 10},
		{Req, 10.5, 15}, {Req, 4130, 5000}, {CPU, 98, 100}, {Req, 1000, 1000}, {Req, 20200, 30000}, {Req, 51, 75}, {Req, math.NaN(), 1},
		{Mem, 7.9 * mb, 10 * mb}, {Mem, 900 * mb, 1000 * mb}, {Mem, 1100 * mb, 1.5 * 1024 * mb}, {Mem, 0, 1},
	} {
		if got := scaleStep(c.m, c.v); got != c.want {
			t.Errorf("scaleStep(%d, %g) = %g, want %g", c.m, c.v, got, c.want)
		}
	}
}

// TestTheHighestFillsItsGraph: with the steps 1, 2, 5 it filled 40 % of it.
func TestTheHighestFillsItsGraph(t *testing.T) {
	for _, m := range []Metric{Req, CPU, Mem, Open} {
		for v := 2.01; v < 1e12; v *= 1.0137 {
			if got := scaleStep(m, v); got < v || v < 0.6*got*(1-1e-9) {
				t.Errorf("%g of metric %d fills %.0f %% of %g", v, m, 100*v/got, got)
			}
		}
	}
}
