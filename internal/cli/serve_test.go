package cli

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/cli/internal/command"
)

func TestFirstSignalStopsGracefully(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		s := startServing(lines{})
		s.signals <- sig
		waitClosed(t, s.stopped, "the stop")
		s.Publish(engine.Event{Kind: engine.KindExit, Worker: 1})
		s.release <- nil
		if got := s.code(t); got != 0 {
			t.Errorf("%v: exit code %d, want 0", sig, got)
		}
		if s.kills != 0 {
			t.Errorf("%v: the workers were killed, not asked", sig)
		}
		if !strings.Contains(s.stdout.String(), " exit ") {
			t.Errorf("%v: the events of the stop were not printed: %q", sig, s.stdout)
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	for sig, want := range map[os.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		s := startServing(lines{})
		s.signals <- syscall.SIGTERM
		waitClosed(t, s.stopped, "the stop")
		s.signals <- sig
		if got := s.code(t); got != want {
			t.Errorf("%v: exit code %d, want %d", sig, got, want)
		}
		waitClosed(t, s.killed, "KillAll")
	}
}

func TestBrokenStdoutStopsTheCluster(t *testing.T) {
	s := startServing(lines{})
	s.stdout.setFail(func([]byte) (int, error) { return 0, syscall.EPIPE })
	s.Publish(engine.Event{Kind: engine.KindOnline, Worker: 1})
	waitClosed(t, s.stopped, "the stop")
	s.Publish(engine.Event{Kind: engine.KindExit, Worker: 1})
	s.release <- nil
	if got := s.code(t); got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
	if got := s.stderr.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "broken pipe") {
		t.Errorf("stderr is %q, want one line about the broken pipe", got)
	}
}

// A stdout that nobody reads must not keep a signal from being heard.
func TestStuckStdoutDoesNotHoldUpTheStop(t *testing.T) {
	r, w := io.Pipe()
	defer r.Close()
	s := &serving{fakeCluster: newFake(), stderr: newOutput(), signals: make(chan os.Signal, 2), result: make(chan error, 1)}
	a := &app{World: command.World{Stdout: w, Stderr: s.stderr}}
	go func() { s.result <- a.serve(s.fakeCluster, s.life(), lines{}, s.signals) }()
	s.Publish(engine.Event{Kind: engine.KindOnline, Worker: 1})
	s.signals <- syscall.SIGTERM
	waitClosed(t, s.stopped, "the stop")
	s.release <- nil
	if got := s.code(t); got != 1 {
		t.Errorf("exit code %d, want 1: events were not printed", got)
	}
	if got := s.stderr.String(); !strings.Contains(got, "not read") {
		t.Errorf("stderr does not say that stdout is not read: %q", got)
	}
}

func TestFailureOfTheClusterIsSaid(t *testing.T) {
	s := startServing(lines{})
	s.release <- errors.New("no more descriptors")
	err := <-s.result
	var f *command.Failure
	if !errors.As(err, &f) || f.Code != 1 || !strings.Contains(f.Error(), "no more descriptors") {
		t.Errorf("serve returned %v, want exit code 1 and the reason", err)
	}
}

func TestPlainEndsWithItsLastWorker(t *testing.T) {
	s := startServing(&pageLines{started: map[int]bool{}})
	alive := func(id int) engine.Row { return engine.Row{ID: id, State: engine.StateListening} }
	gone := func(id int) engine.Row { return engine.Row{ID: id, State: engine.StateExited} }
	s.show(alive(1), alive(2))
	s.Publish(engine.Event{Kind: engine.KindListening, Worker: 1, PID: 11})
	s.Publish(engine.Event{Kind: engine.KindListening, Worker: 1, PID: 11}) // a second address
	s.Publish(engine.Event{Kind: engine.KindListening, Worker: 2, PID: 12})
	s.Publish(engine.Event{Kind: engine.KindExit, Worker: 1, PID: 11})
	s.show(gone(1), alive(2))
	s.stdout.waitFor(t, func(out string) bool { return strings.Contains(out, "11 died") })
	if closed(s.stopped) {
		t.Fatal("the cluster was stopped while a worker lived")
	}
	s.Publish(engine.Event{Kind: engine.KindExit, Worker: 2, PID: 12})
	s.show(gone(1), gone(2))
	waitClosed(t, s.stopped, "the end after the last worker")
	s.release <- nil
	if got := s.code(t); got != 0 {
		t.Errorf("exit code %d, want 0", got)
	}
	want := "Worker with Process ID : 11 started\n" +
		"Worker with Process ID : 12 started\n" +
		"worker with Process ID : 11 died\n" +
		"worker with Process ID : 12 died\n"
	if got := s.stdout.String(); got != want {
		t.Errorf("stdout is\n%swant\n%s", got, want)
	}
}
