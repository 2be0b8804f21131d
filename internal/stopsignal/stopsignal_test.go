package stopsignal

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestEcho(t *testing.T) {
	const ms = time.Millisecond
	for _, tc := range []struct {
		last, s os.Signal
		since   time.Duration
		want    bool
	}{
		{nil, syscall.SIGTERM, 0, false},
		{syscall.SIGTERM, syscall.SIGTERM, 0, true},
		{syscall.SIGTERM, syscall.SIGTERM, Window - 1, true},
		{syscall.SIGTERM, syscall.SIGTERM, Window, false},
		{syscall.SIGINT, syscall.SIGINT, ms, true},
		{syscall.SIGHUP, syscall.SIGHUP, ms, true},
		{syscall.SIGTERM, syscall.SIGINT, 0, false},
		{syscall.SIGINT, syscall.SIGTERM, ms, false},
		{syscall.SIGCONT, syscall.SIGCONT, 0, false}, // does something each time
		{syscall.SIGQUIT, syscall.SIGQUIT, 0, false},
	} {
		if got := echo(tc.last, tc.s, tc.since); got != tc.want {
			t.Errorf("%v, %v later %v: echo %t, want %t", tc.last, tc.since, tc.s, got, tc.want)
		}
	}
}

// The two SIGTERMs of GNU timeout were a wish and a second one, which ends the
// workers at once.
func TestTheSecondSIGTERMOfTimeoutWasASecondWish(t *testing.T) {
	start := time.Now()
	var times []time.Time
	caught, wishes, over := make(chan os.Signal, 8), make(chan os.Signal, 8), make(chan struct{})
	defer close(over)
	for _, s := range []struct {
		sig syscall.Signal
		ms  int
	}{{syscall.SIGTERM, 0}, {syscall.SIGTERM, 1}, {syscall.SIGTERM, 99}, {syscall.SIGTERM, 100}, {syscall.SIGTERM, 101}, {syscall.SIGINT, 102}, {syscall.SIGINT, 103}, {syscall.SIGTERM, 104}} {
		caught <- s.sig
		times = append(times, start.Add(time.Duration(s.ms)*time.Millisecond))
	}
	go pass(caught, wishes, over, func() time.Time {
		now := times[0]
		times = times[1:]
		return now
	})
	var got []os.Signal
	for len(got) < 4 {
		select {
		case s := <-wishes:
			got = append(got, s)
		case <-time.After(10 * time.Second):
			t.Fatalf("only %v came", got)
		}
	}
	if want := []os.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM}; !slices.Equal(got, want) {
		t.Errorf("passed on %v, want %v", got, want)
	}
}
