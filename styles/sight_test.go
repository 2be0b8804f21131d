package styles

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
)

// sights are how linear red, green and blue reach an eye without one kind of
// cone (Machado, Oliveira, Fernandes 2009, severity 1).
var sights = map[string][3][3]float64{
	"usual":  {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protan": {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deutan": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritan": {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

// TestColoursStayApart in every kind of sight: the distance of the closest pair
// in CIELAB.
func TestColoursStayApart(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     palette
		least float64
	}{{"dark", darkPalette(), 24}, {"light", lightPalette(), 18}} {
		named := map[string]lipgloss.CompleteColor{"accent": c.p.accent, "warn": c.p.warn, "dead": c.p.dead, "muted": c.p.muted}
		for sight, m := range sights {
			for a, ca := range named {
				for b, cb := range named {
					if a >= b {
						continue
					}
					if d := distance(lab(t, ca.TrueColor, m), lab(t, cb.TrueColor, m)); math.Round(d) < c.least {
						t.Errorf("%s, %s sight: %s and %s are %.1f apart, want %.0f", c.name, sight, a, b, d, c.least)
					}
				}
			}
		}
	}
}

// TestContrastOf256Colours: what a terminal without 24 bits shows is readable
// too. The colours from 16 on are the same everywhere; the first 16 are the
// user's own.
func TestContrastOf256Colours(t *testing.T) {
	for _, c := range palettesOnGrounds() {
		for _, fg := range []lipgloss.CompleteColor{c.p.accent, c.p.warn, c.p.dead, c.p.muted} {
			for _, bg := range c.on {
				if got := contrast(t, hex256(t, fg.ANSI256), bg); got < 4.5 {
					t.Errorf("%s: colour %s (%s) on %s has contrast %.2f, want 4.5", c.name, fg.ANSI256, hex256(t, fg.ANSI256), bg, got)
				}
			}
		}
	}
}

// hex256 is the colour a number from 16 to 255 stands for in xterm's table.
func hex256(t *testing.T, number string) string {
	t.Helper()
	n, err := strconv.Atoi(number)
	if err != nil || n < 16 || n > 255 {
		t.Fatalf("%q is no fixed colour", number)
	}
	if n >= 232 {
		return "#" + strings.Repeat(hexByte(8+10*(n-232)), 3)
	}
	level := []int{0, 95, 135, 175, 215, 255}
	n -= 16
	return "#" + hexByte(level[n/36]) + hexByte(level[n/6%6]) + hexByte(level[n%6])
}

func hexByte(n int) string {
	s := strconv.FormatInt(int64(n), 16)
	return strings.Repeat("0", 2-len(s)) + s
}

// lab is a colour in CIELAB (D65) as a sight has it.
func lab(t *testing.T, hex string, sight [3][3]float64) [3]float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	var rgb, seen [3]float64
	for i, shift := range []uint{16, 8, 0} {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			rgb[i] = v / 12.92
		} else {
			rgb[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	for i := range seen {
		for j := range rgb {
			seen[i] += sight[i][j] * rgb[j]
		}
		seen[i] = min(max(seen[i], 0), 1)
	}
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124564*seen[0] + 0.3575761*seen[1] + 0.1804375*seen[2]) / 0.95047)
	y := f(0.2126729*seen[0] + 0.7151522*seen[1] + 0.0721750*seen[2])
	z := f((0.0193339*seen[0] + 0.1191920*seen[1] + 0.9503041*seen[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func distance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}
