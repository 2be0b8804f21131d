package term

import (
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
)

// written is what an Output writes during f.
func written(t *testing.T, f func(*Output)) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f(&Output{file: w, gone: func() { t.Error("the terminal is gone") }, behind: func() bool { return false }})
	w.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLastWordsLeaveTheOtherScreenOnlyFromThere(t *testing.T) {
	enter := func(o *Output) { _, _ = io.WriteString(o, ansi.SetModeAltScreenSaveCursor) }
	leave := func(o *Output) { _, _ = io.WriteString(o, ansi.ResetModeAltScreenSaveCursor) }
	for _, tt := range []struct {
		name  string
		do    []func(*Output)
		times int
	}{
		{"never there", []func(*Output){(*Output).last}, 0},
		{"there", []func(*Output){enter, (*Output).last}, 1},
		{"there and back", []func(*Output){enter, leave, (*Output).last}, 1},
		{"twice", []func(*Output){enter, (*Output).last, (*Output).last}, 1},
	} {
		out := written(t, func(o *Output) {
			for _, f := range tt.do {
				f(o)
			}
		})
		if n := strings.Count(out, ansi.ResetModeAltScreenSaveCursor); n != tt.times || !strings.HasSuffix(out, ansi.ShowCursor) {
			t.Errorf("%s: left %d times: %q", tt.name, n, out)
		}
	}
}

func TestABrokenOutputIsAVanishedTerminal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	term := New(os.Stdin, w, nil)
	if _, err := term.out.Write([]byte("frame")); err == nil {
		t.Fatal("a write without a reader succeeded")
	}
	select {
	case <-term.gone:
	default:
		t.Error("not noticed")
	}
}

// What the owner does about a panic must neither keep the process nor hide the
// panic's text.
func TestAPanicIsToldWhateverTheHookDoes(t *testing.T) {
	block := make(chan struct{})
	defer close(block)
	for name, hook := range map[string]func(){
		"none": nil, "panics": func() { panic("again") }, "hangs": func() { <-block },
	} {
		var text strings.Builder
		code := make(chan int)
		term := New(os.Stdin, os.Stdout, hook)
		term.errOut = &text
		term.exit = func(c int) { code <- c; runtime.Goexit() }
		start := time.Now()
		term.Go(func() { panic("one\x1b]0;two") })
		if c := <-code; c != 1 || !strings.HasPrefix(text.String(), `muster: panic: one\x1b]0;two`+"\n") || !strings.Contains(text.String(), "TestAPanicIsTold") {
			t.Errorf("%s: exit code %d, %q", name, c, text.String())
		}
		if d := time.Since(start); d > panicLimit+time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
}
