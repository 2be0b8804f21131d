package cli

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

func output1(text string) engine.Event {
	return engine.Event{Kind: engine.KindOutput, Worker: 1, Detail: engine.OutputDetail{Stream: "stdout", Text: text}}
}

// following is a printer running over a fake until end is called.
func following(t *testing.T, f *fakeCluster, out *output, form format) (stderr *output, end func() error) {
	t.Helper()
	stderr = newOutput()
	say := func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	over, result := make(chan struct{}), make(chan error, 1)
	p := &printer{out: out, form: form, say: say}
	go func() { result <- p.follow(f, over) }()
	return stderr, func() error { close(over); return <-result }
}

func TestMissedEventsAreSaid(t *testing.T) {
	for _, tc := range []struct {
		form        format
		out, stderr string
	}{
		{lines{}, "41 events missed\n", ""},
		{jsonLines{}, "", "41 events missed\n"},
		{&pageLines{started: map[int]bool{}}, "", "41 events missed\n"},
	} {
		f, out := newFake(), newOutput()
		f.Lose(41)
		stderr, end := following(t, f, out, tc.form)
		f.Publish(output1("hello"))
		if err := end(); err != nil {
			t.Errorf("%T: %v", tc.form, err)
		}
		if !strings.HasPrefix(out.String(), tc.out) || tc.out == "" && strings.Contains(out.String(), "missed") {
			t.Errorf("%T: stdout is %q, want the prefix %q", tc.form, out, tc.out)
		}
		if stderr.String() != tc.stderr {
			t.Errorf("%T: stderr is %q, want %q", tc.form, stderr, tc.stderr)
		}
	}
}

func TestEverythingBeforeTheEndIsPrintedOnce(t *testing.T) {
	f, out := newFake(), newOutput()
	const n = 2000 // more than one chunk
	for i := range n {
		f.Publish(output1(fmt.Sprintf("line %d.", i)))
	}
	_, end := following(t, f, out, lines{})
	if err := end(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if c := strings.Count(out.String(), fmt.Sprintf("line %d.", i)); c != 1 {
			t.Fatalf("line %d was printed %d times", i, c)
		}
	}
}

// A full disk costs the lines that did not fit, not the service: the printer
// goes on, closes the torn line and says how many events are missing.
func TestFullDiskIsSaidOnceAndSurvived(t *testing.T) {
	f, out := newFake(), newOutput()
	tried := make(chan struct{}, 1)
	room := 10
	out.setFail(func(p []byte) (n int, err error) {
		n, room = min(room, len(p)), 0
		if bytes.Contains(p, []byte("second")) {
			select {
			case tried <- struct{}{}:
			default:
			}
		}
		return n, syscall.ENOSPC
	})
	stderr, end := following(t, f, out, lines{})
	f.Publish(output1("first"))
	out.waitFor(t, func(s string) bool { return len(s) == 10 })
	f.Publish(output1("second"))
	waitClosed(t, tried, "the second write")
	out.setFail(nil)
	f.Publish(output1("third"))
	out.waitFor(t, func(s string) bool { return strings.Contains(s, "third") })
	if err := end(); !errors.Is(err, errIncomplete) {
		t.Errorf("follow returned %v, want errIncomplete", err)
	}
	got := strings.Split(out.String(), "\n")
	if len(got) != 4 || len(got[0]) != 10 || got[1] != "2 events missed" || !strings.HasSuffix(got[2], "third") {
		t.Errorf("stdout is %q", got)
	}
	if n := strings.Count(stderr.String(), "\n"); n != 1 {
		t.Errorf("stderr has %d lines, want 1: %q", n, stderr)
	}
}

// An output that never works again is not said again and again.
func TestFullDiskToTheEndIsTwoLines(t *testing.T) {
	for _, form := range []format{lines{}, jsonLines{}} {
		f, out := newFake(), newOutput()
		tried := make(chan struct{}, 100)
		out.setFail(func([]byte) (int, error) { tried <- struct{}{}; return 0, syscall.ENOSPC })
		stderr, end := following(t, f, out, form)
		for range 5 {
			f.Publish(output1("x"))
			waitClosed(t, tried, "a write")
		}
		if err := end(); !errors.Is(err, errIncomplete) {
			t.Errorf("%T: follow returned %v, want errIncomplete", form, err)
		}
		got := strings.Split(strings.TrimSuffix(stderr.String(), "\n"), "\n")
		if len(got) != 2 || !strings.Contains(got[0], "no space left") || got[1] != "5 events missed" {
			t.Errorf("%T: stderr is %q", form, got)
		}
	}
}

func TestPrinterEndsWhenItsReaderHasGone(t *testing.T) {
	f, out := newFake(), newOutput()
	out.setFail(func([]byte) (int, error) { return 0, syscall.EPIPE })
	p := &printer{out: out, form: lines{}, say: t.Errorf}
	f.Publish(output1("hello"))
	if err := p.follow(f, make(chan struct{})); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("follow returned %v, want EPIPE", err)
	}
}

// The first line of --plain stands for no event: it was the one thing that was
// never written when there was room again.
func TestTheFirstLineWaitsForRoom(t *testing.T) {
	f, out := newFake(), newOutput()
	tried := make(chan struct{}, 100)
	out.setFail(func([]byte) (int, error) { tried <- struct{}{}; return 0, syscall.ENOSPC })
	_, end := following(t, f, out, &pageLines{master: "first\n", started: map[int]bool{}})
	waitClosed(t, tried, "a write")
	out.setFail(nil)
	f.Publish(engine.Event{Kind: engine.KindListening, Worker: 1, PID: 11})
	if err := end(); !errors.Is(err, errIncomplete) {
		t.Errorf("follow returned %v, want errIncomplete", err)
	}
	if got, want := out.String(), "first\nWorker with Process ID : 11 started\n"; got != want {
		t.Errorf("stdout is %q, want %q", got, want)
	}
}
