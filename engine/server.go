package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

const (
	queueMax    = 1024 // connections queued at one address; past it the kernel's backlog holds the rest
	queueResume = queueMax / 2
)

// server is one address the cluster serves: its sockets, who uses them and who
// gets the connections accepted in the primary.
type server struct {
	key    string
	addr   Address // as bound
	port   *sock.Port
	dealer *deal.Dealer
	users  map[*worker]bool // workers that have its socket; true once they closed it
	keep   bool             // Options.Addr: stays open without users
	chosen Address          // a worker asked for port 0: what it asked for, with the port it got
	paused bool             // accepting waits for the queue
	fixed  Policy           // the policy it was opened with, if it has no gate; else 0
	data   json.RawMessage  // the first worker's, given to all (TLS ticket keys)
	retry  *timer
	ended  bool
	naming bool    // its path is being looked at
	named  *worker // and is to be looked at again, for this one

	nameSaid    bool   // that it was put back
	nameTrouble string // why it could not be, as was said

	unserved time.Time // since when nobody serves it and nobody will; zero = somebody does or will
	forsaken bool      // it was said that who waits is reset
}

// addServer makes a server of open sockets. It is called by New for
// Options.Addr, and by the loop for what workers listen on. If it fails the
// sockets are closed.
func (l *loop) addServer(key string, p *sock.Port) (*server, error) {
	s := &server{key: key, addr: Address(p.Addr()), port: p, dealer: deal.New(l.policy.rule()), users: make(map[*worker]bool)}
	if holds, fixed := l.policy.at(p.Can()); fixed {
		s.fixed = holds
	} else if err := p.SetGate(l.policy.gate(0)); err != nil {
		p.Close()
		return nil, fmt.Errorf("gate of %s: %w", s.addr, err)
	}
	l.servers[key] = s
	l.order = append(l.order, s)
	return s, nil
}

// primaryAccepts tells whether connections of s may come to the primary.
func (s *server) primaryAccepts() bool { return s.fixed == 0 || s.fixed.Dealer() == DealerPrimary }

// workersAccept tells whether the workers get a socket of s.
func (s *server) workersAccept() bool { return s.fixed == 0 || s.fixed.Dealer() != DealerPrimary }

// accept starts accepting in the primary.
func (l *loop) accept(s *server) {
	if !s.primaryAccepts() {
		return
	}
	s.port.StartAccept(func(b []sock.Accepted) {
		if !l.post(msgAccepted{s, b}) {
			for _, a := range b {
				_ = unix.Close(a.FD)
			}
		}
	}, func(err error) { l.post(msgFailed{"accepting at " + s.addr.String(), err}) })
}

// closeServer closes an address. What is still queued there is lost.
func (l *loop) closeServer(s *server) {
	if s.ended {
		return
	}
	s.ended = true
	l.timers.stop(s.retry)
	// Not waited for here: the accept goroutine may be waiting to give us a
	// batch, and close waits for it.
	l.closing++
	l.runAside(func() error { return l.sys.close(s.port) }, func(err error) { l.closed(s, err) }, nil)
	l.dropQueued(s)
	delete(l.servers, s.key)
	for _, sl := range l.slots {
		delete(sl.heir, s)
	}
	for i, o := range l.order {
		if o == s {
			l.order = append(l.order[:i], l.order[i+1:]...)
			break
		}
	}
	l.pub.touch()
}

// closed says that the sockets of a server are closed.
func (l *loop) closed(s *server, err error) {
	l.closing--
	l.pub.touch()
	if err != nil {
		l.failed(nil, "closing "+s.addr.String(), err)
	}
	for _, w := range l.workers { // not to be kept by a program that listens again and again
		if s.dealer.InFlight(w.id) == 0 {
			delete(w.servers, s)
		}
	}
	l.askClosed()
}

// closedOne says that a socket that was no server's is closed.
func (l *loop) closedOne() {
	l.closing--
	l.askClosed()
}

// askClosed asks the questions that waited for addresses to be closed.
func (l *loop) askClosed() {
	if l.closing == 0 {
		asked := l.asked
		l.asked = nil
		for _, q := range asked {
			l.ask(q)
		}
	}
}

// setGate points the gate of s where policy and leaving workers want it.
func (l *loop) setGate(s *server) error {
	if !s.port.Can().Gate || s.ended {
		return nil
	}
	leaving := 0
	for w, closed := range s.users {
		if w.life.leaving && !closed {
			leaving++
		}
	}
	if err := s.port.SetGate(l.policy.gate(leaving)); err != nil {
		return fmt.Errorf("gate of %s: %w", s.addr, err)
	}
	return nil
}

func (l *loop) setGateOrSay(s *server) {
	if err := l.setGate(s); err != nil {
		l.failed(nil, "", err)
	}
}

// released says that a worker has left a server: it closed it, or its channel
// has ended.
func (l *loop) released(w *worker, s *server) {
	if s.users[w] {
		return
	}
	s.users[w] = true
	l.setGateOrSay(s)
}

// closeUnused closes an address when the last worker that used it has closed
// its server of its own accord. One that was told to leave, or died, does not
// count: connections wait for its replacement, see lookUnserved.
func (l *loop) closeUnused(w *worker, s *server) {
	if s.keep || w.life.leaving || l.stopping != nil || l.awaited(s, l.now()) {
		return
	}
	for _, closed := range s.users {
		if !closed {
			return
		}
	}
	l.closeServer(s)
}

// forget takes a worker that is gone out of a server.
func (l *loop) forget(w *worker, s *server) {
	delete(s.users, w)
	if w.aborted && !s.keep && len(s.users) == 0 && l.stopping == nil {
		l.closeServer(s) // nobody else ever served it
		return
	}
	l.setGateOrSay(s)
	l.keepName(s, w)
}

// accepted takes in a batch from the accept goroutine.
func (l *loop) accepted(s *server, batch []sock.Accepted, now time.Time) {
	for i := range batch {
		a := &batch[i]
		if s.ended {
			_ = unix.Close(a.FD)
			l.tot.lost++
			continue
		}
		c := l.hold(a.FD, a.At)
		s.dealer.Offer(c, a.From.Addr())
		if l.watching != nil {
			l.watching.accepted(&l.conns[c], l.tot.accepted+uint64(i)+1, a, now)
		}
	}
	l.tot.accepted += uint64(len(batch))
	l.deal(s, now)
	if l.watching != nil {
		l.watching.dealt(s.dealer, now)
	}
}

func (l *loop) hold(fd int, at time.Time) deal.Conn {
	h := held{fd: fd, at: at}
	if n := len(l.freeConns); n > 0 {
		c := l.freeConns[n-1]
		l.freeConns = l.freeConns[:n-1]
		l.conns[c] = h
		return c
	}
	l.conns = append(l.conns, h)
	return deal.Conn(len(l.conns) - 1)
}

// dropQueued closes what waits at an address that is closed.
func (l *loop) dropQueued(s *server) {
	for _, c := range s.dealer.Drain() {
		l.dropLost(c)
	}
}

// dropLost closes a connection no worker took.
func (l *loop) dropLost(c deal.Conn) {
	if l.watching != nil {
		l.watching.dropped(&l.conns[c], l.now())
	}
	l.drop(c)
	l.tot.lost++
}

// drop closes the primary's copy of a connection.
func (l *loop) drop(c deal.Conn) {
	l.closeForeign(l.conns[c].fd)
	l.conns[c] = held{fd: -1}
	l.freeConns = append(l.freeConns, c)
}
