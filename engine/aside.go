package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/proc"
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

// system is what the loop has the system do, aside or on a thread of its own.
// kernel is the real one.
type system interface {
	// start starts a worker's process and makes its channel; ends are our ends of
	// its three streams, nil where there is none. It is called on the spawner's
	// thread alone.
	start(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, ch channel, ends [3]*os.File, err error)
	// resolve makes an address to listen on of a host's name.
	resolve(ctx context.Context, host string) (netip.Addr, error)
	// openPath opens a unix socket. Its error is an *AddrError.
	openPath(a Address, o sock.Options) (*sock.Port, error)
	// explain is err as the address's, with who holds it.
	explain(a Address, err error) *AddrError
	// quiet is Port.Quiet, close Port.Close.
	quiet(p *sock.Port) error
	close(p *sock.Port) error
	putBack(n *sock.Name) (lost bool, err error)
	// inspect adds what /proc and the file system know.
	inspect(d *Details)
	// debugger is debuggerOf.
	debugger(pid, inspector int) string
	// closeFD closes a descriptor that is a worker's too, or was its.
	closeFD(fd int)
}

type kernel struct{}

func (kernel) resolve(ctx context.Context, host string) (netip.Addr, error) {
	return sock.Resolve(ctx, host)
}
func (kernel) openPath(a Address, o sock.Options) (*sock.Port, error) { return openPort(a, o) }
func (kernel) explain(a Address, err error) *AddrError                { return addrError(a, err) }
func (kernel) quiet(p *sock.Port) error                               { return p.Quiet() }
func (kernel) close(p *sock.Port) error                               { return p.Close() }
func (kernel) putBack(n *sock.Name) (bool, error)                     { return n.PutBack() }
func (kernel) inspect(d *Details)                                     { d.look() }
func (kernel) debugger(pid, inspector int) string                     { return debuggerOf(pid, inspector) }
func (kernel) closeFD(fd int)                                         { _ = unix.Close(fd) }

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

// closeForeign closes a descriptor that a worker has, or had, too. The close of
// a socket is quick, unless the worker has set SO_LINGER and has closed its own
// copy: then the last close waits for the client (socket(7)). What is no socket
// may be a file of a file system that does not answer. Those are closed on
// goroutines of their own, as many as there are such descriptors: they must not
// take the places of what somebody waits for.
func (c *common) closeForeign(fd int) {
	// struct linger is two ints: read as one number, it costs no allocation.
	v, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_LINGER)
	var linger [8]byte
	binary.NativeEndian.PutUint64(linger[:], v)
	if err == nil && binary.NativeEndian.Uint32(linger[4:]) == 0 {
		_ = unix.Close(fd)
		return
	}
	go func() { // ends with the close
		defer c.onPanic()
		c.sys.closeFD(fd)
	}()
}
