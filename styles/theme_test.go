package styles

import (
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

func renderer(p termenv.Profile) *lipgloss.Renderer {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(p)
	return r
}

func TestColoursByProfile(t *testing.T) {
	for _, c := range []struct {
		profile termenv.Profile
		accent  string
	}{
		{termenv.TrueColor, "\x1b[38;2;86;179;233m"}, // termenv rounds down
		{termenv.ANSI256, "\x1b[38;5;74m"},
		{termenv.ANSI, "\x1b[36m"},
		{termenv.Ascii, ""},
	} {
		if got := Dark(renderer(c.profile)).Accent.On(); got != c.accent {
			t.Errorf("accent with profile %v = %q, want %q", c.profile, got, c.accent)
		}
	}
}

// TestNoColoursKeepsAttributes: lipgloss itself would leave out bold and
// reverse too, and the selection could not be seen.
func TestNoColoursKeepsAttributes(t *testing.T) {
	for _, th := range []*Theme{None(), Dark(renderer(termenv.Ascii)), Light(renderer(termenv.Ascii))} {
		if th.Name != "none" || !strings.Contains(th.Selected.On(), "7") || !strings.Contains(th.Bold.On(), "1") {
			t.Errorf("theme %q: selected %q, bold %q", th.Name, th.Selected.On(), th.Bold.On())
		}
		v := reflect.ValueOf(*th)
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			s, ok := v.Field(i).Interface().(Style)
			if ok && strings.Contains(strings.ReplaceAll(s.On(), "\x1b[", ""), "3") {
				t.Errorf("theme none has a colour in %s: %q", v.Type().Field(i).Name, s.On())
			}
		}
	}
}

func TestByName(t *testing.T) {
	r := renderer(termenv.TrueColor)
	for _, c := range []struct {
		name string
		dark bool
		want string
	}{
		{"auto", true, "dark"}, {"auto", false, "light"}, {"", true, "dark"},
		{"dark", false, "dark"}, {"light", true, "light"}, {"none", true, "none"},
	} {
		th, err := For(r, c.name, c.dark)
		if err != nil || th.Name != c.want {
			t.Errorf("For(%q, %v) = %v, %v; want %q", c.name, c.dark, th, err, c.want)
		}
	}
	if _, err := ByName("pink", true); err == nil || !strings.Contains(err.Error(), "pink") {
		t.Errorf("ByName(pink) = %v, want an error that names it", err)
	}
}

func TestStyle(t *testing.T) {
	if got := bold.And(reverse).Render("x"); got != "\x1b[1m\x1b[7mx\x1b[0m" {
		t.Errorf("Render = %q", got)
	}
	if got := (Style{}).Render("x"); got != "x" {
		t.Errorf("the zero style changed its text: %q", got)
	}
	if got := bold.Render(""); got != "" {
		t.Errorf("nothing to show became %q", got)
	}
}

// onGrounds is a palette and the backgrounds it is meant for.
type onGrounds struct {
	name string
	p    palette
	on   []string
}

func palettesOnGrounds() []onGrounds {
	return []onGrounds{
		{"dark", darkPalette(), []string{"#000000", "#1E1E2E", "#282828"}},
		{"light", lightPalette(), []string{"#FFFFFF", "#FDF6E3"}},
	}
}

// TestContrast computes WCAG's contrast of every colour on the backgrounds its
// theme is meant for.
func TestContrast(t *testing.T) {
	for _, c := range palettesOnGrounds() {
		for _, fg := range []lipgloss.CompleteColor{c.p.accent, c.p.warn, c.p.dead, c.p.muted} {
			for _, bg := range c.on {
				if got := contrast(t, fg.TrueColor, bg); got < 4.5 {
					t.Errorf("%s: %s on %s has contrast %.2f, want 4.5", c.name, fg.TrueColor, bg, got)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.03928 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
