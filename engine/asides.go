package engine

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"muster/engine/internal/sock"
)

// Nothing that can stand still runs on the loop's goroutine: while a name server
// is dumb, or a file system does not answer, connections are dealt and commands
// carried out. It is done aside, on a goroutine of its own, and what came of it
// is a message to the loop.

const (
	// asidesMax is how many are under way at once. More wait for their turn.
	asidesMax = 32
	// asideLimit is how long the loop waits for what came of it: longer than
	// sock.ResolveTime, which ends by itself.
	asideLimit = 2 * sock.ResolveTime
)

// asides are those under way. They are the loop's.
type asides struct {
	*mailbox
	*tasks
	*clock
	running int
	waited  int      // for how many of them the loop's end waits
	queue   []func() // to be begun, oldest first
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

// doAside has do done aside. take is called with what came of it, on the loop,
// once: after asideLimit it gets a slowError, and what comes later goes to late,
// which may be nil, on the loop too.
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
		if over { // it waited for its turn all the time
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

// nextAside begins those whose turn it is.
func (a *asides) nextAside() {
	for a.running < asidesMax && len(a.queue) > 0 {
		begin := a.queue[0]
		a.queue = a.queue[1:]
		begin()
	}
}

// runAside is doAside for what has no result.
func (a *asides) runAside(do func() error, take func(error), late func()) {
	doAside(a, func(context.Context) (struct{}, error) { return struct{}{}, do() },
		func(_ struct{}, err error) { take(err) },
		func(struct{}, error) {
			if late != nil {
				late()
			}
		})
}

// isSlow tells whether err is that nobody answered in time.
func isSlow(err error) bool { return errors.As(err, new(slowError)) }
