//go:build unix

package ipc

import (
	"context"
	"fmt"
)

// drained is the moment at which no output is kept any more. All waiters share
// one.
type drained struct {
	done chan struct{} // closed when the moment has come, or never will
	err  error         // why it never will; set before done is closed
}

// Flush waits until no output is kept: the kernel has all that was sent, and
// the peer gets it even if this process ends now. (The peer may not have read
// it yet.) Flush also waits for output that other goroutines send meanwhile.
// After CloseWhenSent it waits for what was sent before.
//
// It returns nil at once if nothing is kept, whatever ctx says. It returns
// ErrClosed after Close or when the peer has gone, the reason if the Conn has
// failed, and an error that wraps ctx's if ctx ends first; in that case the
// output is still kept and sent. Any number of goroutines may call it at a
// time.
func (c *Conn) Flush(ctx context.Context) error {
	d, err := c.out.awaitDrained()
	if d == nil {
		return err
	}
	select {
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return fmt.Errorf("waiting for a channel's peer to read: %w", ctx.Err())
	}
}

// awaitDrained returns the drained to wait for, or nil and the result of Flush.
func (o *output) awaitDrained() (*drained, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil && !o.finish:
		return nil, o.err
	case o.pending == 0:
		return nil, nil
	case o.drained == nil:
		o.drained = &drained{done: make(chan struct{})}
	}
	return o.drained, nil
}

// wake ends the waiting of Flush, and fixes its result: a Close that comes
// before the waiters run does not change that all was sent. Held: mu.
func (o *output) wake(err error) {
	if o.drained == nil {
		return
	}
	o.drained.err = err
	close(o.drained.done)
	o.drained = nil
}
