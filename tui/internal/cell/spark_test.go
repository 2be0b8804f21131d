package cell

import (
	"math"
	"testing"
)

func TestSpark(t *testing.T) {
	sg := NewSigns(false)
	if got := sg.Spark([]float64{math.NaN(), 0, 0.01, 4, 8, 9}, 8); got != " _▁▄██" {
		t.Errorf("spark = %q", got)
	}
	got := sg.Graph([]float64{math.NaN(), 0, 1, 12, 16}, 16, 2)
	if got[0] != "   ▄█" || got[1] != " _▁██" {
		t.Errorf("graph = %q", got)
	}
	if got := NewSigns(true).Spark([]float64{math.NaN(), 0, 0.01, 4, 8}, 8); got != " _.+@" {
		t.Errorf("spark in ASCII = %q", got)
	}
}
