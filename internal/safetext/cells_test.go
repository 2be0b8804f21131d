package safetext

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

func TestCut(t *testing.T) {
	tests := []struct {
		in    string
		cells int
		tail  string
		want  string
	}{
		{"hello", 5, "…", "hello"},
		{"hello", 4, "…", "hel…"},
		{"hello", 4, "...", "h..."},
		{"hello", 2, "...", "he"}, // no room for the tail
		{"hello", 1, "…", "…"},
		{"hello", 0, "…", ""},
		{"hello", -3, "…", ""},
		{"hello", math.MaxInt, "…", "hello"},
		{"中文字", 6, "…", "中文字"},
		{"中文字", 5, "…", "中文…"},
		{"中文字", 4, "…", "中…"}, // half a character does not fit
		{"中文字", 1, "", ""},
		{"a\x1b[2J", 4, "…", `a\x…`},
		{"e\u0301e\u0301e\u0301", 2, "", "e\u0301e\u0301"},
		{"abc", 2, "\x1b", "ab"}, // a tail is outside text too
	}
	for _, tt := range tests {
		if got := Cut(tt.in, tt.cells, tt.tail); got != tt.want {
			t.Errorf("Cut(%+q, %d, %q) = %+q, want %+q", tt.in, tt.cells, tt.tail, got, tt.want)
		}
	}
}

func TestPad(t *testing.T) {
	tests := []struct {
		in          string
		cells       int
		right, left string
	}{
		{"ab", 4, "ab  ", "  ab"},
		{"abcd", 2, "ab", "ab"},
		{"中文", 3, "中 ", " 中"},
		{"", 2, "  ", "  "},
		{"a\n", 4, `a\n `, ` a\n`},
		{"x", 0, "", ""},
		{"x", -1, "", ""},
	}
	for _, tt := range tests {
		if got := Pad(tt.in, tt.cells); got != tt.right {
			t.Errorf("Pad(%q, %d) = %q, want %q", tt.in, tt.cells, got, tt.right)
		}
		if got := PadLeft(tt.in, tt.cells); got != tt.left {
			t.Errorf("PadLeft(%q, %d) = %q, want %q", tt.in, tt.cells, got, tt.left)
		}
	}
}

// checkCells holds Cut, Pad and PadLeft against what they promise; line is
// Line(in).
func checkCells(t *testing.T, in, line string, cells int) {
	t.Helper()
	cells = max(-1, min(cells, 300))
	// Cut looks at the head of its text only: the answer must be the same.
	want := line
	if Width(line) > cells {
		want = ansi.Truncate(line, max(cells, 0), "")
	}
	if cells <= 0 {
		want = ""
	}
	if got := Cut(in, cells, ""); got != want {
		t.Errorf("Cut(%+q, %d) = %+q, want %+q", in, cells, got, want)
	}
	if got := Cut(in, cells, "…"); Width(got) > max(cells, 0) {
		t.Errorf("Cut(%+q, %d, …) = %+q: %d cells", in, cells, got, Width(got))
	} else if cells > 0 && Width(line) > cells && !strings.HasSuffix(got, "…") {
		t.Errorf("Cut(%+q, %d, …) = %+q: no tail", in, cells, got)
	}
	for _, got := range [...]string{Pad(in, cells), PadLeft(in, cells)} {
		if ansi.StringWidth(got) != max(cells, 0) {
			t.Errorf("pad of %+q to %d: %+q is %d cells", in, cells, got, ansi.StringWidth(got))
		}
	}
}

// The head that Cut looks at must be long enough for the text with the most
// bytes a cell.
func TestCutOfLongText(t *testing.T) {
	marks := "𐌀\ufe0f" + strings.Repeat("\U0001e000\ufe0f", 3)  // 28 bytes for one cell
	conjunct := strings.Repeat("क\ufe0f्\ufe0f", 3) + "क\ufe0f" // 42 bytes for one cell
	for _, part := range []string{"a", "\xff", "\u202e", marks, conjunct, "a\ufe0f", "e\u0301", "中\u0302\ufe0f", "\t"} {
		in := strings.Repeat(part, 2000)
		checkCells(t, in, Line(in), 40)
	}
}

// A megabyte costs a cut as much as a kilobyte. Measured in bytes allocated,
// which unlike time is the same on a busy machine.
func TestCutOfAMegabyteIsCheap(t *testing.T) {
	in := strings.Repeat("中\x1b", 1<<18)
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		Cut(in, 80, "…")
	}
	runtime.ReadMemStats(&after)
	if n := (after.TotalAlloc - before.TotalAlloc) / runs; n > 64<<10 {
		t.Errorf("a cut of 1 MB to 80 cells allocates %d bytes", n)
	}
}
