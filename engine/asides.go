package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"muster/engine/internal/sock"
)

// Nothing that can hang runs on the loop's goroutine: while a name server or a
// file system does not answer, the loop still deals connections and carries out
// commands. Such work is done aside, on a goroutine of its own, and its result
// is a message to the loop.

const (
	// asidesMax is how many asides are under way at once. Others wait for their
	// turn.
	asidesMax = 32
	// asideLimit is how long the loop waits for the result of an aside: longer
	// than sock.ResolveTime, after which a lookup ends by itself.
	asideLimit = 2 * sock.ResolveTime
)

// asides is the work under way aside. It belongs to the loop.
type asides struct {
	*mailbox
	*tasks
	*clock
	running int
	waited  int      // how many asides the loop's end waits for
	queue   []func() // asides to be started, oldest first
	ctx     context.Context
	cancel  context.CancelFunc
}

// msgAside says that something done aside is over.
type msgAside struct{ take func() }

func (msgAside) isMsg() {}

// slowError is what the loop says of something that takes longer than asideLimit.
type slowError struct{}

func (slowError) Error() string {
	return fmt.Sprintf("the system has not answered for %v", asideLimit)
}
func (slowError) Unwrap() error { return syscall.ETIMEDOUT }

// doAside runs do aside. The loop calls take with the result, once. After
// asideLimit take gets a slowError, and the loop passes a later result to late,
// which may be nil.
func doAside[T any](a *asides, do func(context.Context) (T, error), take, late func(T, error)) {
	if a.cancel == nil {
		a.ctx, a.cancel = context.WithCancel(context.Background())
	}
	over := false
	a.waited++
	limit := a.timers.at(a.now().Add(asideLimit), func(time.Time) {
		over = true
		a.waited--
		var none T
		take(none, slowError{})
	})
	ctx := a.ctx
	a.queue = append(a.queue, func() {
		if over { // it was still waiting for its turn
			return
		}
		a.running++
		go func() { // bounded by asidesMax; not waited for if it stands still
			defer a.onPanic()
			v, err := do(ctx)
			a.post(msgAside{func() {
				a.running--
				if over {
					if late != nil {
						late(v, err)
					}
				} else {
					a.timers.stop(limit)
					a.waited--
					take(v, err)
				}
				a.nextAside()
			}})
		}()
	})
	a.nextAside()
}

// nextAside starts the asides whose turn it is.
func (a *asides) nextAside() {
	for a.running < asidesMax && len(a.queue) > 0 {
		begin := a.queue[0]
		a.queue = a.queue[1:]
		begin()
	}
}

// runAside is doAside for work without a result.
func (a *asides) runAside(do func() error, take func(error), late func()) {
	doAside(a, func(context.Context) (struct{}, error) { return struct{}{}, do() },
		func(_ struct{}, err error) { take(err) },
		func(struct{}, error) {
			if late != nil {
				late()
			}
		})
}

// isSlow tells whether err means that nobody answered in time.
func isSlow(err error) bool { return errors.As(err, new(slowError)) }
