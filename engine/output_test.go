package engine

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

// readLines runs a lineReader over src with a clock that stands still.
func readLines(r *lineReader, src io.Reader) []outLine {
	var all []outLine
	r.run(src, func() time.Time { return epoch }, func(l []outLine) { all = append(all, l...) })
	return all
}

func texts(lines []outLine) []string {
	s := make([]string, len(lines))
	for i, l := range lines {
		s[i] = l.text
	}
	return s
}

func TestOutputLines(t *testing.T) {
	x := strings.Repeat("x", lineMax)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"one", "a\n", []string{"a"}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"empty lines", "\n\na\n\n", []string{"", "", "a", ""}},
		{"windows", "a\r\nb\r\n", []string{"a", "b"}},
		{"a return inside stays", "a\rb\n", []string{"a\rb"}},
		{"control characters stay", "\x1b[2J\x07\x00\n", []string{"\x1b[2J\x07\x00"}},
		{"not UTF-8", "a\xffb\xfe\xfdc\n", []string{"a\uFFFDb\uFFFDc"}},
		{"just fits", x + "\nb\n", []string{x, "b"}},
		{"one too long", x + "y\nb\n", []string{x, "b"}},
		{"a megabyte", strings.Repeat("x", 1<<20) + "\nb\n", []string{x, "b"}},
		{"a megabyte without an end", strings.Repeat("x", 1<<20), []string{x}},
		{"the cut goes through a rune", x[2:] + "世界\nb\n", []string{x[2:], "b"}},
		{"the cut goes beside a rune", x[3:] + "世界\n", []string{x[3:] + "世"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{
				"at once":         strings.NewReader(c.in),
				"byte by byte":    iotest.OneByteReader(strings.NewReader(c.in)),
				"end with data":   iotest.DataErrReader(strings.NewReader(c.in)),
				"other errors":    io.MultiReader(strings.NewReader(c.in), iotest.ErrReader(errors.New("gone"))),
				"half of it each": iotest.HalfReader(strings.NewReader(c.in)),
			} {
				if got := texts(readLines(&lineReader{}, src)); !slices.Equal(got, c.want) {
					t.Errorf("%s: %.80q, want %.80q", how, got, c.want)
				}
			}
		})
	}
}

// A worker that floods costs nothing but a count.
func TestOutputFlood(t *testing.T) {
	r := &lineReader{keep: true}
	now := epoch
	r.tokens, r.refill = linesAtOnce, now
	flood := func(from, to int) []outLine {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "line %d\n", i)
		}
		return r.split([]byte(b.String()), now)
	}
	got := flood(0, 1000)
	if len(got) != linesAtOnce || got[0].text != "line 0" || got[0].missed != 0 {
		t.Fatalf("%d lines of the first burst, want %d", len(got), linesAtOnce)
	}
	if got = flood(1000, 1500); len(got) != 0 {
		t.Fatalf("%d lines after it, want none", len(got))
	}
	now = now.Add(time.Second)
	got = flood(1500, 2000)
	if len(got) != linesPerSec {
		t.Fatalf("%d lines a second later, want %d", len(got), linesPerSec)
	}
	if got[0].text != "line 1500" || got[0].missed != 1500-linesAtOnce || got[1].missed != 0 {
		t.Errorf("first %+v, second %+v; want line 1500 after %d missed", got[0], got[1], 1500-linesAtOnce)
	}
	now = now.Add(time.Hour)
	if got = flood(2000, 4000); len(got) != linesAtOnce {
		t.Errorf("%d lines an hour later, want %d: a long silence is no credit", len(got), linesAtOnce)
	}

	// The reason of a death is in the last lines, shown or not.
	tail, before := r.last()
	if len(tail) != tailLines || tail[tailLines-1] != "line 3999" || before != 4000-tailLines {
		t.Errorf("%d kept, the last %q, %d before", len(tail), tail[len(tail)-1], before)
	}
	tail[0] = "mine"
	if again, _ := r.last(); again[0] == "mine" {
		t.Error("last does not return a copy")
	}
}

func TestOutputTailIsOnlyKeptWhenAsked(t *testing.T) {
	r := &lineReader{}
	readLines(r, strings.NewReader("a\nb\n"))
	if tail, before := r.last(); len(tail) != 0 || before != 0 {
		t.Errorf("kept %q and %d", tail, before)
	}
}

// What is made of bad bytes counts too: a line is at most 4 KiB.
func TestOutputLineIsBounded(t *testing.T) {
	got := readLines(&lineReader{}, strings.NewReader(strings.Repeat("a\xff", lineMax)+"\n"))
	if len(got) != 1 || len(got[0].text) > lineMax {
		t.Errorf("%d lines, the first of %d bytes; at most %d", len(got), len(got[0].text), lineMax)
	}
	r := &lineReader{}
	if readLines(r, strings.NewReader(strings.Repeat("a", 64*lineMax))); cap(r.line) > 2*lineMax {
		t.Errorf("a line without an end is kept in %d bytes", cap(r.line))
	}
}

func FuzzOutputLines(f *testing.F) {
	f.Add([]byte("a\r\n\xff\xc3\nb"), uint16(3))
	f.Add([]byte(strings.Repeat("世", 1500)+"\nx"), uint16(4095))
	f.Fuzz(func(t *testing.T, b []byte, at uint16) {
		whole := readLines(&lineReader{keep: true}, strings.NewReader(string(b)))
		cut := min(int(at), len(b))
		r := &lineReader{keep: true}
		parts := readLines(r, io.MultiReader(strings.NewReader(string(b[:cut])), strings.NewReader(string(b[cut:]))))
		if !slices.Equal(whole, parts) {
			t.Errorf("read in two parts: %.200q, at once: %.200q", texts(parts), texts(whole))
		}
		n := strings.Count(string(b), "\n")
		if len(b) > 0 && b[len(b)-1] != '\n' {
			n++
		}
		if want := min(n, linesAtOnce); len(whole) != want {
			t.Errorf("%d lines, want %d", len(whole), want)
		}
		for _, l := range whole {
			if !utf8.ValidString(l.text) || strings.Contains(l.text, "\n") {
				t.Errorf("line %.100q", l.text)
			}
		}
		if tail, before := r.last(); len(tail)+before != n {
			t.Errorf("%d kept and %d before, of %d", len(tail), before, n)
		}
	})
}
