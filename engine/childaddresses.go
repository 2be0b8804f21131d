package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"muster/ipc"
)

// addresses is how a worker gets the sockets it listens on: from its primary,
// or as sockets of its own.
type addresses struct {
	id        int
	leaving   <-chan struct{}
	questions *questions
	counts    *counts
	open      *openSet

	mu      sync.Mutex
	indexes map[string]*indexSet // by address
}

func (a *addresses) listen(lc ListenConfig, network, address string) (net.Listener, error) {
	q, addr, err := lc.query(network, address)
	if err != nil {
		return nil, a.listenError(network, namedAddr{network, address}, err)
	}
	return a.listenAt(network, addr, q)
}

func (a *addresses) listenFD(fd int) (net.Listener, error) {
	addr := namedAddr{"fd", "descriptor " + strconv.Itoa(fd) + " of the primary"}
	if fd < 3 { // its standard streams; and 0 has no form on the channel
		return nil, a.listenError("fd", addr, syscall.EBADF)
	}
	return a.listenAt("fd", addr, ipc.Query{FD: fd, Port: -1})
}

// listenAt asks for a listening socket. addr is the address to report, if
// nothing better is known.
func (a *addresses) listenAt(network string, addr net.Addr, q ipc.Query) (net.Listener, error) {
	m, back, err := a.bind(&q)
	if err != nil {
		return nil, a.listenError(network, addr, err)
	}
	key := m.Cluster.Key
	l := &listener{counts: a.counts, addr: addr}
	l.change.L = &l.mu
	l.gone = func() {
		a.open.forget(l, key)
		back()
	}
	if m.FD >= 0 {
		if err := l.share(m.FD); err != nil {
			back()
			return nil, a.listenError(network, addr, err)
		}
	}
	if sn := m.Cluster.Sockname; sn != nil {
		q.Port = sn.Port
		l.addr = &net.TCPAddr{IP: net.ParseIP(sn.Address), Port: sn.Port}
	} else if l.common != nil && network != "unix" {
		l.addr = localAddr(l.common, l.addr)
		if tcp, ok := l.addr.(*net.TCPAddr); ok {
			q.Port = tcp.Port
		}
	}
	if !a.open.adopt(l, key, l) {
		_ = l.Close()
		return nil, a.listenError(network, addr, net.ErrClosed)
	}
	a.questions.say(ipc.Listening{Seq: a.questions.nextSeq(), Query: q})
	a.counts.changed()
	return l, nil
}

// localAddr is the address a listening socket is bound to. If the system does
// not tell it, the result is or.
func localAddr(f *os.File, or net.Addr) net.Addr {
	ln, err := (&Handle{Kind: HandleServer, File: f}).Listener()
	if err != nil {
		return or
	}
	defer ln.Close()
	return ln.Addr()
}

// bind asks the primary for an address. The answer holds the address's key, and
// mostly a descriptor. back must be called when the address is not used any
// more, or cannot be used.
func (a *addresses) bind(q *ipc.Query) (m ipc.Message, back func(), err error) {
	select {
	case <-a.leaving:
		return m, nil, net.ErrClosed
	default:
	}
	index, free := a.takeIndex(q)
	q.Index = index
	// A primary that thinks this worker leaves does not answer.
	m, err = a.questions.ask(func(seq int64) any { return ipc.QueryServer{Seq: seq, Query: *q} }, a.leaving)
	if err == nil && m.Cluster.HasErrno && m.Cluster.Errno < 0 {
		closeFD(m.FD)
		err = os.NewSyscallError("bind", syscall.Errno(-m.Cluster.Errno))
	}
	if err == nil && m.Missing {
		a.giveBack(m.Cluster.Key)
		err = os.NewSyscallError("recvmsg", syscall.EMFILE)
	}
	if errors.Is(err, ErrChannelClosed) {
		select {
		case <-a.leaving: // the order has come meanwhile, and the channel's end after it
			err = net.ErrClosed
		default:
		}
	}
	if err != nil {
		free()
		return m, nil, err
	}
	key := m.Cluster.Key
	return m, func() {
		free()
		a.giveBack(key)
	}, nil
}

// giveBack tells the primary that a socket is not used any more.
func (a *addresses) giveBack(key string) {
	a.questions.say(ipc.CloseKey{Seq: a.questions.nextSeq(), Key: key})
}

// indexSet numbers the sockets of one address, so that the primary can tell two
// servers on port 0 apart. Numbers start again when none is in use, so that a
// worker that closes and listens again shares the others' port (Node does the
// same).
type indexSet struct{ next, used int }

// takeIndex takes the next index of q's address; free gives it back.
func (a *addresses) takeIndex(q *ipc.Query) (index int, free func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := *q
	key.Index = 0
	name := queryKey(&key)
	s := a.indexes[name]
	if s == nil {
		s = new(indexSet)
		a.indexes[name] = s
	}
	index = s.next
	s.next++
	s.used++
	return index, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if s.used--; s.used == 0 {
			delete(a.indexes, name)
		}
	}
}

// listenError is an error of a listen, with worker and address.
func (a *addresses) listenError(network string, addr net.Addr, err error) error {
	return fmt.Errorf("worker %d: %w", a.id, &net.OpError{Op: "listen", Net: network, Addr: addr, Err: err})
}

// namedAddr is an address as the program gave it.
type namedAddr struct{ network, text string }

func (a namedAddr) Network() string { return a.network }
func (a namedAddr) String() string  { return a.text }
