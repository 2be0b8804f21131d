package cell

import (
	"io"

	"regexp"
	"strings"
	"testing"

	"muster/internal/safetext"
	"muster/styles"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

func TestColoursOfWorkersAreCutInCells(t *testing.T) {
	tests := []struct {
		text  string
		cells int
		want  string
	}{
		{"\x1b[31mabc", 3, "\x1b[31mabc\x1b[0m"},
		{"\x1b[31mabcd", 3, "\x1b[31mab\x1b[0m…"},
		{"\x1b[31mab\x1b[32mcd", 3, "\x1b[31mab\x1b[0m…"},
		{"\x1b[31mab\x1b[32mcd", 4, "\x1b[31mab\x1b[0m\x1b[32mcd\x1b[0m"},
		{"\x1b[31mab\x1b[0m\x1b[0m", 2, "\x1b[31mab\x1b[0m"},
		{"\x1b[31m中文", 3, "\x1b[31m中\x1b[0m…"},
		{"a\tb\x1b[31m\tc", 20, "a       b\x1b[31m       \x1b[0m\x1b[31mc\x1b[0m"},
		{"e\x1b[31m\u0301", 20, "e\x1b[31m\\u0301\x1b[0m"}, // a mark alone would take no cell of its own
	}
	for _, tt := range tests {
		l := NewLine(40, NewSigns(false))
		l.PutInked(trueColours(), styles.Style{}, tt.text, tt.cells)
		if got := l.b.String(); got != tt.want {
			t.Errorf("%q in %d cells is %q, want %q", tt.text, tt.cells, got, tt.want)
		}
	}
}

var ownStyle = regexp.MustCompile(`\x1b\[(0|1|2|4|3[0-7]|9[0-7]|38;5;\d+|38;2;\d+;\d+;\d+)m`)

// Whatever a worker writes, a line has its cells, ends without a style and has
// no escape but those that change the look of letters.
func FuzzColoursOfWorkers(f *testing.F) {
	for _, text := range []string{"\x1b[32mready\x1b[0m", "\x1b[2J\x1b[31m", "\x1b[31m\u0301\x1b[32m中\x1b[", "\U0001f1e9\x1b[1m\U0001f1ea",
		"\x1b[38;2;9;9;9m\x1b]0;x\x07", "\t\x1b[4m\t\xff", "ᄀ\x1b[1mᅡ", "👩\x1b[1m\u200d👩"} {
		f.Add(text, 20)
	}
	th := trueColours()
	f.Fuzz(func(t *testing.T, text string, cells int) {
		cells = max(0, min(cells, 200))
		l := NewLine(200, NewSigns(false))
		l.PutInked(th, styles.Style{}, text, cells)
		got := l.b.String()
		bare := ownStyle.ReplaceAllString(got, "")
		if i := strings.IndexFunc(bare, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }); i >= 0 {
			t.Errorf("%+q is %+q: a control at %d of %+q", text, got, i, bare)
		}
		if n := ansi.StringWidth(got); n != l.n || n > cells {
			t.Errorf("%+q in %d cells is %+q: counted %d, are %d", text, cells, got, l.n, n)
		}
		if all := ownStyle.FindAllString(got, -1); len(all) > 0 && all[len(all)-1] != "\x1b[0m" {
			t.Errorf("%+q is %+q: its style goes on", text, got)
		}
		if safetext.DropSGR(text) == text && got != safetext.Cut(text, cells, "…") && !strings.Contains(text, "\t") {
			t.Errorf("%+q without colours is %+q, want %+q", text, got, safetext.Cut(text, cells, "…"))
		}
	})
}

func trueColours() *styles.Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.TrueColor)
	return styles.Dark(r)
}
