package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"muster/ipc"
)

// queried answers a worker that wants to listen (node-ipc: queryServer). Every
// worker gets the address's common socket, whatever the policy is: it accepts
// there and takes hand-offs as well, and the gate decides which of the two
// happens.
func (l *loop) queried(w *worker, m *ipc.ClusterMsg) {
	if w.life.leaving || m.Query == nil {
		return // it is leaving: as in Node the question is not answered
	}
	if w.given != nil && isGiven(m.Query) {
		l.answerGiven(w, m.Seq)
		return
	}
	if l.closing > 0 && l.servers[queryKey(m.Query)] == nil {
		// It may be the very address that is being closed: a program that closes
		// its server and listens again in one turn would hear that it is in use.
		l.asked = append(l.asked, question{w, *m})
		return
	}
	s, err := l.serverFor(w, m)
	if err != nil {
		if e := (*AddrError)(nil); errors.As(err, &e) {
			err = programAddr{e}
		}
		l.failed(w, fmt.Sprintf("worker %d cannot listen", w.id), err)
		errno := -int(errnoOf(err))
		l.send(w, ipc.QueryReply{Ack: m.Seq, Seq: l.nextSeq(), Key: queryKey(m.Query), Errno: &errno})
		return
	}
	if s.data == nil {
		s.data = m.Query.Data
	}
	if err := l.answerQuery(w, s, m.Seq); err != nil {
		if !errors.Is(err, ipc.ErrClosed) {
			l.failed(w, fmt.Sprintf("answering worker %d", w.id), err)
		}
		return
	}
	w.servers[s] = true
	w.note = ""
	s.users[w] = false
	w.addrs = append(w.addrs, s.port.addr)
}

// question is a queryServer that waits for addresses to be closed.
type question struct {
	w *worker
	m ipc.ClusterMsg
}

// answerQuery says yes. That a worker is to wait for hand-offs only it knows by
// there being no descriptor.
func (l *loop) answerQuery(w *worker, s *server, ack int64) error {
	seq := l.nextSeq()
	reply := ipc.QueryReply{Ack: ack, Seq: seq, Key: s.key, Data: s.data, Sockname: sockname(s.port.addr)}
	if !s.workersAccept() {
		line, err := ipc.AppendJSON(nil, reply)
		if err != nil {
			return err
		}
		return w.ch.Send(line, -1)
	}
	reply.Errno = new(int) // 0
	inner, err := ipc.AppendJSON(nil, reply)
	if err != nil {
		return err
	}
	typ := "net.Native"
	if s.port.addr.Network == "udp" {
		typ = "dgram.Native"
	}
	line, err := ipc.AppendHandle(nil, typ, inner)
	if err != nil {
		return err
	}
	if err := w.ch.Send(line, s.port.commonFD()); err != nil {
		return err
	}
	w.unacked = append(w.unacked, handle{seq: seq})
	return nil
}

// serverFor finds or opens what a worker wants to listen on.
func (l *loop) serverFor(w *worker, m *ipc.ClusterMsg) (*server, error) {
	q := m.Query
	udp := strings.HasPrefix(q.AddressType, "udp")
	a := Address{Network: "tcp", Port: q.Port}
	if q.Address != nil {
		a.Host = *q.Address
	}
	switch {
	case udp:
		a.Network = "udp"
	case q.AddressType == "-1":
		a.Network, a.Port, a.Host = "unix", 0, socketPath(a.Host)
	}
	key := queryKey(q)
	s := l.servers[key]
	if s == nil {
		for _, o := range l.order {
			if o.keep && o.port.addr == a || o.chosen == a {
				s = o
			}
		}
	}
	if s != nil {
		if closed, using := s.users[w]; using && !closed {
			return nil, fmt.Errorf("%s: worker %d listens there already: %w", a, w.id, syscall.EADDRINUSE)
		}
		return s, nil
	}
	o := portOptions{gate: true, backlog: q.Backlog, ipv6only: q.Flags&1 != 0, readableAll: q.ReadableAll, writableAll: q.WritableAll}
	var p *port
	var err error
	switch {
	case q.FD >= 0:
		p, err = openInherited(q.FD, l.inherited)
	case udp:
		p, err = openUDP(a, q.AddressType == "udp6", o, q.Flags&udpReuseAddr != 0)
	default:
		p, err = openPort(a, o)
	}
	if err != nil {
		return nil, err
	}
	if s, err = l.addServer(key, p); err != nil {
		return nil, err
	}
	if a.Network != "unix" && a.Port == 0 && q.FD < 0 {
		// Another worker may ask for the very port (Node refuses that, and has it
		// among its known issues).
		s.chosen = a
		s.chosen.Port = p.addr.Port
	}
	l.serve(s)
	return s, nil
}

// queryKey names an address among the live servers. The index counts only for
// port 0, as in Node 22 and later, so that a worker that closes and listens
// again meets the others.
func queryKey(q *ipc.Query) string {
	addr := ""
	if q.Address != nil {
		addr = *q.Address
	}
	key := addr + ":" + strconv.Itoa(q.Port) + ":" + q.AddressType + ":" + strconv.Itoa(q.FD)
	if q.Port == 0 {
		key += ":" + strconv.Itoa(q.Index)
	}
	return key
}

func sockname(a Address) *ipc.Sockname {
	if a.Network != "tcp" {
		return nil
	}
	family := "IPv4"
	if strings.Contains(a.Host, ":") {
		family = "IPv6"
	}
	return &ipc.Sockname{Address: a.Host, Family: family, Port: a.Port}
}

// listens takes in that a server of the worker listens.
func (l *loop) listens(w *worker, m *ipc.ClusterMsg) {
	if m.Query == nil || w.life.leaving {
		return
	}
	now := l.now()
	d := ListeningDetail{Port: m.Query.Port, AddressType: m.Query.AddressType, Ms: ms(now.Sub(w.forked))}
	if m.Query.Address != nil {
		d.Address = *m.Query.Address
	}
	d.DeathMs, d.Of = w.sinceDeath(now)
	l.step(w, inListening)
	call := w.eventCall("listening", fmt.Sprintf(", {port: %d}", d.Port))
	l.emitFor(w, Event{Kind: KindListening, By: ByOutside, Call: call, Detail: d})
	for s := range w.servers {
		if !s.users[w] {
			s.dealer.Add(w.id, now)
			l.deal(s, now)
		}
	}
}

// errnoOf is the errno in err, EINVAL if there is none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EINVAL
}
