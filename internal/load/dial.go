package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// nextAddress is how long a connection may take before the next address is
// tried beside it: the Connection Attempt Delay of RFC 8305, section 5.
const nextAddress = 250 * time.Millisecond

// dialer makes the connections of a run. The first one finds out which of the
// target's addresses answers, as RFC 8305 says; all later ones go to that
// address, so that the run measures one server. Its methods may be called from
// any goroutine.
type dialer struct {
	to   target
	one  func(ctx context.Context, network, addr string) (net.Conn, error)
	next time.Duration // see nextAddress

	chosen atomic.Pointer[string] // the address that answered, nil = none has
}

func newDialer(to target) *dialer {
	return &dialer{to: to, one: (&net.Dialer{}).DialContext, next: nextAddress}
}

// addr is the address that answered, "" = none has yet.
func (d *dialer) addr() string {
	if a := d.chosen.Load(); a != nil {
		return *a
	}
	return ""
}

// dial makes a connection.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	if a := d.chosen.Load(); a != nil {
		return d.one(ctx, d.to.network, *a)
	}
	conn, addr, err := d.race(ctx)
	if err != nil {
		return nil, err
	}
	if !d.chosen.CompareAndSwap(nil, &addr) && *d.chosen.Load() != addr {
		conn.Close() // another client was first, at another address
		return d.one(ctx, d.to.network, *d.chosen.Load())
	}
	return conn, nil
}

// attempt is the outcome of trying one address.
type attempt struct {
	conn net.Conn
	at   int // index into the addresses
	err  error
}

// race tries one address after the other, the next as soon as one has failed or
// takes long. The first connection made is used; later ones are closed.
func (d *dialer) race(ctx context.Context) (net.Conn, string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended, over := make(chan attempt), make(chan struct{})
	defer close(over)
	try := func(at int) {
		conn, err := d.one(ctx, d.to.network, d.to.addrs[at])
		select {
		case ended <- attempt{conn, at, err}:
		case <-over:
			if err == nil {
				conn.Close()
			}
		}
	}
	errs := make([]error, len(d.to.addrs))
	begun, failed := 0, 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			if begun < len(errs) {
				go try(begun) // ends with its attempt; ctx ends that
				begun++
				timer.Reset(d.next)
			}
		case a := <-ended:
			if a.err == nil {
				return a.conn, d.to.addrs[a.at], nil
			}
			errs[a.at] = unusable(a.err)
			if failed++; failed == len(errs) {
				return nil, "", dialError(d.to.addrs, errs)
			}
			if begun < len(errs) {
				timer.Reset(0)
			}
		}
	}
}

// unusable replaces the errno of an address this machine does not have, such as
// ::1 without IPv6. The errno is the one for a lack of local ports, but before
// the first connection there can be no such lack.
func unusable(err error) error {
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return &net.OpError{Op: "dial", Err: errNoFamily}
	}
	return err
}

var errNoFamily = errors.New("this machine has no such address")

// addrErrors says how each of several addresses failed.
type addrErrors struct {
	addrs []string
	errs  []error
}

func dialError(addrs []string, errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return &addrErrors{addrs, errs}
}

// Error names each address, and each text once.
func (e *addrErrors) Error() string {
	var texts []string
	at := map[string][]string{}
	for i, err := range e.errs {
		text := plainText(err)
		if at[text] == nil {
			texts = append(texts, text)
		}
		at[text] = append(at[text], e.addrs[i])
	}
	for i, text := range texts {
		texts[i] = fmt.Sprintf("%s (%s)", text, strings.Join(at[text], ", "))
	}
	return strings.Join(texts, "; ")
}

func (e *addrErrors) Unwrap() []error { return e.errs }
