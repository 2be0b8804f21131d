package styles

import (
	"io"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

func inkTheme(p termenv.Profile, light bool) *Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(p)
	if light {
		return Light(r)
	}
	return Dark(r)
}

func TestInk(t *testing.T) {
	tests := []struct {
		params []string
		want   string // on a dark terminal of 24 bits
	}{
		{[]string{"31"}, "\x1b[31m"},
		{[]string{"1;31"}, "\x1b[31m\x1b[1m"},
		{[]string{"1", "31", "4"}, "\x1b[31m\x1b[1m\x1b[4m"},
		{[]string{"2"}, "\x1b[2m"},
		{[]string{"1;2", "22"}, ""},
		{[]string{"4", "24"}, ""},
		{[]string{"4:3"}, "\x1b[4m"},
		{[]string{"4:0"}, ""},
		{[]string{"31", "39"}, ""},
		{[]string{"31", ""}, ""},
		{[]string{"31;0"}, ""},
		{[]string{"31;"}, ""}, // an empty parameter is 0
		{[]string{"92"}, "\x1b[92m"},
		{[]string{"38;5;214"}, "\x1b[38;5;214m"},
		{[]string{"38:5:214"}, "\x1b[38;5;214m"},
		{[]string{"38;5;2"}, "\x1b[32m"},
		{[]string{"38;2;200;100;50"}, "\x1b[38;2;200;100;50m"},
		{[]string{"38:2::200:100:50"}, "\x1b[38;2;200;100;50m"},
		{[]string{"38:2:200:100:50"}, "\x1b[38;2;200;100;50m"},
		{[]string{"38;5;214;1"}, "\x1b[38;5;214m\x1b[1m"},
		{[]string{"48;5;5;31"}, "\x1b[31m"},      // the 5s are the background's
		{[]string{"48;2;1;4;31;32"}, "\x1b[32m"}, // and so are these
		{[]string{"58;5;8;31"}, "\x1b[31m"},
		{[]string{"38;5;256"}, ""},
		{[]string{"38;2;256;1;1"}, ""},
		{[]string{"38;5"}, ""},
		{[]string{"38"}, ""},
		{[]string{"38;7;31"}, "\x1b[31m"},
		{[]string{"99999999999999999999"}, ""},
		{[]string{"5"}, ""}, {[]string{"6"}, ""}, {[]string{"7"}, ""}, {[]string{"8"}, ""}, // blink, reverse, conceal
		{[]string{"41"}, ""},
		{[]string{"30"}, ""}, {[]string{"38;5;16"}, ""}, {[]string{"38;2;1;1;1"}, ""}, // black on black
		{[]string{"34"}, "\x1b[34m"},
	}
	th := inkTheme(termenv.TrueColor, false)
	for _, tt := range tests {
		var k Ink
		for _, p := range tt.params {
			k = k.Apply(p)
		}
		if got := th.Ink(k); got.On() != tt.want {
			t.Errorf("%q is %q, want %q", tt.params, got.On(), tt.want)
		}
	}
}

func TestInkOfPoorerTerminals(t *testing.T) {
	tests := []struct {
		th     *Theme
		params string
		want   string
	}{
		{inkTheme(termenv.ANSI256, false), "38;2;200;100;50", ""},
		{inkTheme(termenv.ANSI256, false), "38;5;214", "\x1b[38;5;214m"},
		{inkTheme(termenv.ANSI, false), "38;5;214;1", "\x1b[1m"},
		{inkTheme(termenv.ANSI, false), "91", "\x1b[91m"},
		{inkTheme(termenv.Ascii, false), "1;31", ""}, // NO_COLOR
		{None(), "1;31", ""},
		{inkTheme(termenv.TrueColor, true), "97", ""},
		{inkTheme(termenv.TrueColor, true), "30", "\x1b[30m"},
	}
	for _, tt := range tests {
		if got := tt.th.Ink(Ink{}.Apply(tt.params)); got.On() != tt.want {
			t.Errorf("%s, %d colours: %q is %q, want %q", tt.th.Name, tt.th.inks.colours, tt.params, got.On(), tt.want)
		}
	}
}

// Whatever the parameters, what comes out is one of a few sequences that
// change the look of letters.
func FuzzInk(f *testing.F) {
	for _, p := range []string{"", "0", "1;31", "38;5;1", "38:2::1:2:3", "48;2;1;2;3;4", "4:3", ";;;", "38;;;;;5"} {
		f.Add(p)
	}
	th := inkTheme(termenv.TrueColor, false)
	f.Fuzz(func(t *testing.T, params string) {
		if strings.Trim(params, "0123456789;:") != "" {
			t.Skip("no parameters of SGR")
		}
		on := th.Ink(Ink{}.Apply(params)).On()
		for rest := on; rest != ""; {
			seq, after, ok := strings.Cut(rest, "m")
			n := strings.TrimPrefix(seq, "\x1b[")
			if !ok || n == seq || strings.Trim(n, "0123456789;") != "" || strings.HasPrefix(n, "4") && n != "4" ||
				n == "5" || n == "6" || n == "7" || n == "8" {
				t.Fatalf("%q is %q", params, on)
			}
			rest = after
		}
	})
}
