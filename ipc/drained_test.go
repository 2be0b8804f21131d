//go:build unix

package ipc

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// flushes starts n calls of Flush and returns when all of them wait.
func flushes(t *testing.T, c *Conn, n int) <-chan error {
	t.Helper()
	results := make(chan error, n)
	var waiting []<-chan struct{}
	for range n {
		ctx := &watchedContext{Context: t.Context(), asked: make(chan struct{})}
		waiting = append(waiting, ctx.asked)
		go func() { results <- c.Flush(ctx) }()
	}
	for _, w := range waiting {
		within(t, "the start of Flush", w)
	}
	return results
}

// watchedContext tells when somebody has begun to wait for it.
type watchedContext struct {
	context.Context
	asked chan struct{}
}

func (c *watchedContext) Done() <-chan struct{} {
	close(c.asked) // Flush asks once, after it has seen that it must wait
	return c.Context.Done()
}

// flushed is the next result.
func flushed(t *testing.T, results <-chan error) error {
	t.Helper()
	select {
	case err := <-results:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("Flush waits")
		return nil
	}
}

// stuck is a Conn that keeps output, its peer reading nothing.
func stuck(t *testing.T) (*Conn, *peer) {
	t.Helper()
	c, p := withPeer(t)
	fill(t, c, []byte(`"filler"`))
	if err := c.Send([]byte(strings.Repeat("1", 1<<20)), -1); err != nil {
		t.Fatal(err)
	}
	if c.Pending() == 0 {
		t.Fatal("nothing was kept: the test tests nothing")
	}
	return c, p
}

// readOn makes the peer read to the end of the channel. The function returned
// waits for that and says how many bytes came.
func readOn(t *testing.T, c *Conn, p *peer) func() int {
	ended := make(chan struct{})
	n := 0
	go func() {
		defer close(ended)
		n = len(p.readAll())
	}()
	t.Cleanup(func() { c.Close(); within(t, "the end of the channel", ended) })
	return func() int {
		within(t, "the end of the channel", ended)
		return n
	}
}

func TestFlushWaitsUntilAllIsSent(t *testing.T) {
	noFDLeak(t)
	c, p := stuck(t)
	results := flushes(t, c, 3)
	select {
	case err := <-results:
		t.Fatalf("Flush returned with %d bytes kept: %v", c.Pending(), err)
	default:
	}
	readOn(t, c, p)
	for range cap(results) {
		if err := flushed(t, results); err != nil {
			t.Errorf("Flush: %v", err)
		}
	}
	if n := c.Pending(); n != 0 {
		t.Errorf("%d bytes kept", n)
	}
	// And it works again, for the next output.
	if err := c.Send(bytes.Repeat([]byte("2"), 4<<20), -1); err != nil {
		t.Fatal(err)
	}
	if err := c.Flush(t.Context()); err != nil || c.Pending() != 0 {
		t.Errorf("the second Flush: %v, %d bytes kept", err, c.Pending())
	}
}

func TestFlushOfNothing(t *testing.T) {
	noFDLeak(t)
	c, _ := withPeer(t)
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Flush(ended); err != nil {
		t.Errorf("Flush with nothing kept: %v", err)
	}
	c.CloseWhenSent()
	if err := c.Flush(ended); err != nil {
		t.Errorf("Flush after CloseWhenSent: %v", err)
	}
	c.Close()
	if err := c.Flush(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Flush after Close: %v", err)
	}
}

func TestFlushEndsWithItsContext(t *testing.T) {
	noFDLeak(t)
	c, p := stuck(t)
	ended, stop := context.WithCancel(t.Context())
	stop()
	if err := c.Flush(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush: %v", err)
	}
	if c.Pending() == 0 {
		t.Error("the output was dropped")
	}
	results := flushes(t, c, 1) // the one that gave up has not taken the wake-up away
	readOn(t, c, p)
	if err := flushed(t, results); err != nil {
		t.Errorf("the next Flush: %v", err)
	}
}

func TestFlushEndsWithTheConn(t *testing.T) {
	tests := map[string]struct {
		end  func(*Conn, *peer)
		want error
	}{
		"Close":     {func(c *Conn, _ *peer) { c.Close() }, ErrClosed},
		"peer gone": {func(_ *Conn, p *peer) { p.f.Close() }, ErrClosed},
		"too much": {func(c *Conn, _ *peer) {
			line := bytes.Repeat([]byte("1"), MaxFrame)
			for c.Send(line, -1) == nil {
			}
		}, ErrPendingFull},
	}
	for name, test := range tests {
		for _, finish := range []bool{false, true} {
			if finish {
				if test.want == ErrPendingFull {
					continue // nothing more is taken in
				}
				name += " after CloseWhenSent"
			}
			t.Run(name, func(t *testing.T) {
				noFDLeak(t)
				c, p := stuck(t)
				if finish {
					c.CloseWhenSent()
				}
				results := flushes(t, c, 3)
				test.end(c, p)
				for range cap(results) {
					if err := flushed(t, results); !errors.Is(err, test.want) {
						t.Errorf("Flush: %v, want %v", err, test.want)
					}
				}
				if err := c.Flush(t.Context()); !errors.Is(err, test.want) {
					t.Errorf("Flush afterwards: %v, want %v", err, test.want)
				}
			})
		}
	}
}

func TestFlushAfterCloseWhenSent(t *testing.T) {
	noFDLeak(t)
	c, p := stuck(t)
	c.CloseWhenSent()
	results := flushes(t, c, 1)
	got := readOn(t, c, p)
	if err := flushed(t, results); err != nil {
		t.Errorf("Flush: %v", err)
	}
	// All is the kernel's: even Close takes nothing away any more.
	c.Close()
	if n := got(); n < 1<<20 {
		t.Errorf("the peer got %d bytes", n)
	}
}
