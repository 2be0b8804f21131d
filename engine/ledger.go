package engine

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/engine/internal/spread"
)

// ledger is the loop's part that has the addresses, the policy, and each
// accepted connection that no worker has taken yet.
type ledger struct {
	*common
	policy       Policy
	policyNow    atomic.Int32       // policy, for other goroutines
	switches     int                // 1 + changes of the policy
	switched     time.Time          // when it last changed; zero = never
	servers      map[string]*server // by key
	order        []*server          // in the order they were opened
	conns        []entry            // accepted but not taken; a deal.Conn is an index into it
	freeConns    []deal.Conn
	buf          []byte
	sendSeqs     []int64   // as buf: room for what is about to be sent
	sendFDs      []int     // likewise
	getting      []*worker // who gets something in this round: see dealRound
	tot          totals
	handOffTimes *Latency
	quieting     int // addresses whose names are being removed
	closing      int // servers whose sockets are not closed yet

	onGate      func()        // called when where connections go has changed
	onClosing   func(*server) // called when an address is closed
	onAllClosed func()        // called when no socket is being closed any more
}

// totals are the counters of a Snapshot.
type totals struct {
	accepted, dealt, taken, refused, again, lost uint64
	lostUnknown                                  int
}

// entry is an accepted connection the primary still has a copy of.
type entry struct {
	fd    int
	at    time.Time
	again bool    // it was handed off before
	trace *traced // nil = it is not followed
}

// newLedger makes a ledger without addresses.
func newLedger(c *common) *ledger {
	l := &ledger{common: c, policy: c.o.Policy, servers: make(map[string]*server), handOffTimes: &Latency{}, switches: 1}
	l.policyNow.Store(int32(l.policy))
	return l
}

// addServer makes a server of open sockets. It is called by New for
// Options.Addr, and by the loop for what workers listen on. If it fails the
// sockets are closed.
func (l *ledger) addServer(key string, p *sock.Port) (*server, error) {
	s := &server{key: key, addr: Address(p.Addr()), port: p, dealer: deal.New(l.policy.rule()), users: make(map[*worker]bool)}
	if n := p.Owns(); n > 0 {
		s.seats, s.apart = spread.New(n), make(map[*worker]bool)
	}
	if holds, fixed := l.policy.at(p.Can()); fixed {
		s.fixed = holds
	} else if err := p.SetGate(l.policy.way(sides{})); err != nil {
		p.Close()
		return nil, fmt.Errorf("gate of %s: %w", s.addr, err)
	}
	l.sayWithout(s, l.policy)
	l.servers[key] = s
	l.order = append(l.order, s)
	return s, nil
}

// begin starts accepting at addresses where the primary accepts.
func (l *ledger) begin() {
	for _, s := range l.order {
		l.accept(s)
	}
}

// accept starts accepting in the primary.
func (l *ledger) accept(s *server) {
	if !s.primaryAccepts() {
		return
	}
	s.port.StartAccept(l.deliver(s), func(err error) { l.post(msgFailed{"accepting at " + s.addr.String(), err}) })
}

// deliver is what the accept goroutine of s calls with what it has accepted.
func (l *ledger) deliver(s *server) func([]sock.Accepted) {
	return func(batch []sock.Accepted) {
		if !l.post(l.reused.accepted(s, batch)) {
			for _, a := range batch {
				_ = unix.Close(a.FD)
			}
		}
	}
}

// closeServer closes an address. Connections still queued there are lost.
func (l *ledger) closeServer(s *server) {
	if s.ended {
		return
	}
	s.ended = true
	l.timers.stop(s.retry)
	// The loop does not wait for the close: it waits for the accept goroutine,
	// which may be waiting to give the loop a batch.
	l.closing++
	l.runAside(func() error { return l.sys.close(s.port) }, func(err error) { l.closed(s, err) }, nil)
	l.dropQueued(s)
	delete(l.servers, s.key)
	l.onClosing(s)
	for i, o := range l.order {
		if o == s {
			l.order = append(l.order[:i], l.order[i+1:]...)
			break
		}
	}
	l.pub.touch()
}

// closed says that the sockets of a server are closed.
func (l *ledger) closed(s *server, err error) {
	l.pub.touch()
	if err != nil {
		l.failed(nil, "closing "+s.addr.String(), err)
	}
	for _, w := range l.workers { // keep no memory of them: a program may listen again and again
		if s.dealer.InFlight(w.id) == 0 {
			delete(w.servers, s)
		}
	}
	l.closedOne()
}

// closePort closes a socket that belongs to no server.
func (l *ledger) closePort(p *sock.Port) {
	l.closing++
	l.runAside(func() error { return l.sys.close(p) }, func(err error) {
		if err != nil {
			l.failed(nil, "closing "+p.Addr().String(), err)
		}
		l.closedOne()
	}, nil)
}

// closedOne says that one closing less is under way.
func (l *ledger) closedOne() {
	l.closing--
	if l.closing == 0 {
		l.onAllClosed()
	}
}

// clusterPorts are the TCP ports the cluster serves.
func (l *ledger) clusterPorts() map[int]bool {
	ports := make(map[int]bool)
	for _, s := range l.order {
		if s.addr.Network == "tcp" {
			ports[s.addr.Port] = true
		}
	}
	return ports
}

// quiet begins the end of an address, see Port.Quiet. The name of a unix socket
// is removed aside: its file system may not answer.
func (l *ledger) quiet(p *sock.Port) {
	said := func(err error) {
		if err != nil {
			l.failed(nil, "ending "+p.Addr().String(), err)
		}
	}
	if p.Name() == nil {
		said(p.Quiet())
		return
	}
	l.quieting++
	l.runAside(func() error { return l.sys.quiet(p) }, func(err error) {
		l.quieting--
		said(err)
	}, nil)
}

// shift moves the times of all dealers: the primary itself stood still.
func (l *ledger) shift(gap time.Duration) {
	for _, s := range l.order {
		s.dealer.Shift(gap)
		if s.seats != nil {
			s.seats.Shift(gap)
		}
	}
}

// queued is how many connections wait for a worker.
func (l *ledger) queued() int {
	n := 0
	for _, s := range l.order {
		n += s.dealer.Queued()
	}
	return n
}

// dealAll deals the waiting connections of every address.
func (l *ledger) dealAll(now time.Time) {
	for _, s := range l.order {
		if s.dealer.Queued() > 0 {
			l.deal(s, now)
		}
	}
}

// quietAll begins the end of all addresses.
func (l *ledger) quietAll() {
	for _, s := range l.order {
		l.quiet(s.port)
	}
}

// drain takes in the connections that came before the end of the addresses
// began.
func (l *ledger) drain(now time.Time) {
	for _, s := range l.order {
		if s.primaryAccepts() {
			l.accepted(s, s.port.Drain(sock.Front, queueMax), now)
		}
		// Workers have a copy of the common socket too, but they are about to
		// leave.
		if s.port.Can().Gate || !s.spoilt.IsZero() {
			l.accepted(s, s.port.Drain(sock.Common, sock.All), now)
			for i := range s.port.Owns() {
				l.accepted(s, s.port.Drain(sock.Own(i), sock.All), now)
			}
		}
	}
}

// closeAll closes all addresses.
func (l *ledger) closeAll() {
	for len(l.order) > 0 {
		l.closeServer(l.order[0])
	}
}

// allGone tells whether no address is open, and none is being closed.
func (l *ledger) allGone() bool { return len(l.order) == 0 && l.closing == 0 }

// isQuieting tells whether the name of an address is still being removed.
func (l *ledger) isQuieting() bool { return l.quieting > 0 }

// addresses are the open addresses, in the order they were opened. The list is
// a copy, so that the caller may close addresses meanwhile.
func (l *ledger) addresses() []*server { return slices.Clone(l.order) }

// find is the server with that key or, if its port was chosen later or it is
// Options.Addr, the server at that address; nil if it is not open.
func (l *ledger) find(key string, a Address) *server {
	if s := l.servers[key]; s != nil {
		return s
	}
	var s *server
	for _, o := range l.order {
		if o.keep && o.addr == a || o.chosen == a {
			s = o
		}
	}
	return s
}

// mayBeClosing tells whether the address with that key may be one that is just
// being closed.
func (l *ledger) mayBeClosing(key string) bool { return l.closing > 0 && l.servers[key] == nil }

// cut counts the connections a worker had open when it died, if known.
func (l *ledger) cut(open int, known bool) {
	if known {
		l.tot.lost += uint64(open)
	} else {
		l.tot.lostUnknown++
	}
}

// show puts the addresses and the connections waiting there into a snapshot.
func (l *ledger) show(s *Snapshot, now time.Time) {
	s.Policy, s.PolicyFixed, s.ByHand = l.policy, l.policyFixed(), l.byHand()
	s.Accepted, s.Dealt, s.Taken, s.Refused = l.tot.accepted, l.tot.dealt, l.tot.taken, l.tot.refused
	s.DealtAgain, s.Lost, s.LostUnknown = l.tot.again, l.tot.lost, l.tot.lostUnknown
	handOff := *l.handOffTimes
	s.HandOff = &handOff
	for _, srv := range l.order {
		s.Addresses = append(s.Addresses, srv.addr)
		if !srv.unserved.IsZero() {
			s.Unserved = append(s.Unserved, srv.addr)
		}
		s.Queue += srv.dealer.Queued()
		if c, ok := srv.dealer.Head(); ok {
			s.Waited = max(s.Waited, now.Sub(l.conns[c].at))
		}
		s.Free = append(s.Free, srv.dealer.Free(now)...)
	}
}

// inBacklog is how many TCP connections the kernel holds for the primary and
// its workers; nil if that is not known.
func (l *ledger) inBacklog() (n *int) {
	if runtime.GOOS != "linux" {
		return nil
	}
	for _, s := range l.order {
		if s.addr.Network != "tcp" || s.port.Closed() {
			continue
		}
		if n == nil {
			n = new(int)
		}
		*n += s.port.Waiting()
	}
	return n
}
