package styles

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Ink is how outside text wants to look by the SGR sequences before it, as far
// as that is drawn here: the colour of the letters, bold, faint and underline.
// Background, reverse, blink and conceal are not drawn: the first two mean
// something on this screen, the others hide text. The zero value is plain. Inks
// are comparable.
type Ink struct {
	kind                   inkKind
	colour                 [3]uint8 // red, green and blue, or the index in the first
	bold, faint, underline bool
}

type inkKind uint8

const (
	inkNone    inkKind = iota
	inkPalette         // one of 256
	inkRGB
)

// Apply is the ink after an SGR sequence with these parameters, which are
// digits, ';' and ':' (ECMA-48 8.3.117, ISO 8613-6 for the colours). What it
// does not know changes nothing.
func (k Ink) Apply(params string) Ink {
	for rest, more := params, true; more; {
		var p string
		p, rest, more = strings.Cut(rest, ";")
		code, sub, colons := strings.Cut(p, ":")
		n := number(code)
		if !colons && (n == 38 || n == 48 || n == 58) { // the colour is in the parameters that follow
			sub, rest, more = following(rest, more)
		}
		k = k.set(n, sub)
	}
	return k
}

func (k Ink) set(n int, sub string) Ink {
	switch {
	case n == 0:
		return Ink{}
	case n == 1:
		k.bold = true
	case n == 2:
		k.faint = true
	case n == 22:
		k.bold, k.faint = false, false
	case n == 4:
		k.underline = sub != "0" // 4:3 is a wavy one
	case n == 24:
		k.underline = false
	case n >= 30 && n <= 37:
		k.kind, k.colour = inkPalette, [3]uint8{uint8(n - 30)}
	case n >= 90 && n <= 97:
		k.kind, k.colour = inkPalette, [3]uint8{uint8(n - 90 + 8)}
	case n == 39:
		k.kind, k.colour = inkNone, [3]uint8{}
	case n == 38:
		k.kind, k.colour = colourOf(sub)
	}
	return k
}

// following takes the colour that 38;... has in the parameters behind it, as
// 38:... would write it.
func following(rest string, more bool) (sub, left string, still bool) {
	take := map[string]int{"5": 2, "2": 4}
	how, _, _ := strings.Cut(rest, ";")
	var parts []string
	for range take[how] {
		if !more {
			break
		}
		var p string
		p, rest, more = strings.Cut(rest, ";")
		parts = append(parts, p)
	}
	return strings.Join(parts, ":"), rest, more
}

// colourOf reads "5:INDEX", "2:R:G:B" or "2:SPACE:R:G:B".
func colourOf(sub string) (inkKind, [3]uint8) {
	p := strings.Split(sub, ":")
	var c [3]uint8
	switch {
	case len(p) == 2 && p[0] == "5":
		n := number(p[1])
		if n > 255 {
			return inkNone, c
		}
		return inkPalette, [3]uint8{uint8(n)}
	case len(p) >= 4 && p[0] == "2":
		if len(p) > 4 {
			p = p[1:]
		}
		for i := range c {
			n := number(p[i+1])
			if n > 255 {
				return inkNone, [3]uint8{}
			}
			c[i] = uint8(n)
		}
		return inkRGB, c
	}
	return inkNone, c
}

// number is a parameter; one that is empty is 0, one that is none too large.
func number(p string) int {
	if p == "" {
		return 0
	}
	n, err := strconv.Atoi(p)
	if err != nil || n < 0 {
		return 1 << 16
	}
	return n
}

// inkSet is the colours a terminal has and the background they stand on.
type inkSet struct {
	colours int // 0, 16, 256 or 1 << 24
	light   bool
}

// inksOf finds the number of colours by what r makes of a colour: r does not
// tell it.
func inksOf(r *lipgloss.Renderer, light bool) inkSet {
	s := inkSet{light: light}
	switch on := colour(r, lipgloss.CompleteColor{TrueColor: "#010203", ANSI256: "17", ANSI: "4"}).on; {
	case strings.Contains(on, "38;2;"):
		s.colours = 1 << 24
	case strings.Contains(on, "38;5;"):
		s.colours = 256
	case on != "":
		s.colours = 16
	}
	return s
}

// Inks tells whether the theme draws the colours of outside text; None does not.
func (t *Theme) Inks() bool { return t.inks.colours > 0 }

// Ink is the style of outside text. A colour this terminal lacks, or that
// hardly differs from the background of the theme, is left out, so that all
// text is visible.
func (t *Theme) Ink(k Ink) Style {
	var st Style
	if !t.Inks() {
		return st
	}
	switch {
	case !t.inks.seen(k):
	case k.kind == inkRGB && t.inks.colours > 256:
		st.on = fmt.Sprintf("\x1b[38;2;%d;%d;%dm", k.colour[0], k.colour[1], k.colour[2])
	case k.kind == inkPalette && k.colour[0] < 8:
		st.on = fmt.Sprintf("\x1b[%dm", 30+k.colour[0])
	case k.kind == inkPalette && k.colour[0] < 16:
		st.on = fmt.Sprintf("\x1b[%dm", 90-8+int(k.colour[0]))
	case k.kind == inkPalette && t.inks.colours >= 256:
		st.on = fmt.Sprintf("\x1b[38;5;%dm", k.colour[0])
	}
	if k.bold {
		st = st.And(bold)
	}
	if k.faint {
		st = st.And(faint)
	}
	if k.underline {
		st = st.And(underline)
	}
	return st
}

// seen tells whether the colour stands out from the background: its contrast
// with black or white (WCAG 2, with a gamma of 2) is 1.5:1 at least.
func (s inkSet) seen(k Ink) bool {
	var light int // of 255 * 255
	switch c := rgbOf(k); k.kind {
	case inkNone:
		return true
	default:
		light = (2126*int(c[0])*int(c[0]) + 7152*int(c[1])*int(c[1]) + 722*int(c[2])*int(c[2])) / 10000
	}
	if s.light {
		return light <= 255*255*65/100
	}
	return light >= 255*255*25/1000
}

// rgbOf is about the colour of an ink: xterm's palette, which themes of
// terminals change in the first 16.
func rgbOf(k Ink) [3]uint8 {
	if k.kind == inkRGB {
		return k.colour
	}
	n := int(k.colour[0])
	switch {
	case n < 16:
		return [16][3]uint8{
			{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
			{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
		}[n]
	case n < 232:
		step := func(i int) uint8 {
			if i == 0 {
				return 0
			}
			return uint8(55 + 40*i)
		}
		n -= 16
		return [3]uint8{step(n / 36), step(n / 6 % 6), step(n % 6)}
	}
	grey := uint8(8 + 10*(n-232))
	return [3]uint8{grey, grey, grey}
}

var faint = Style{"\x1b[2m"}
