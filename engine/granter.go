package engine

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// granter is the loop's part that answers workers which want to listen.
type granter struct {
	*common
	ledger    *ledger
	paths     *paths
	inherited map[int]bool          // sockets this process was started with
	lookups   map[string][]question // names being looked up, and the questions that wait for them
	opening   map[string][]question // unix sockets being opened, by key, and the questions that wait for them
	asked     []question            // to be answered when no address is being closed

	onGiven func(*worker, *server) // called when a worker gets an address
}

// questionsMax bounds the questions of one worker, or about one name or path,
// that wait for an answer.
const questionsMax = 1024

// queried answers a worker that wants to listen (Node: queryServer). Every
// worker gets a socket, whatever the policy is: it accepts there and takes hand-offs
// as well, and the gate decides which of the two happens. Which socket it is says
// socketFor.
//
// The answers come in the order of the questions, except that answers may wait
// for the lookup of a name: a name server that does not answer holds up no
// other question.
func (g *granter) queried(w *worker, m *ipc.ClusterMsg) {
	if w.life.leaving || m.Query == nil {
		return // it is leaving: as in Node the question is not answered
	}
	if w.asks.given != nil && isGiven(m.Query) {
		g.answerGiven(w, m.Seq)
		return
	}
	q := question{w: w, m: *m}
	w.flow.account.asking++
	if err := g.mayOpen(w, m.Query); err != nil {
		g.cannotListen(q, err)
		return
	}
	if w.asks.opening > 0 || len(w.asks.later) > 0 {
		g.putOff(&w.asks.later, q)
		return
	}
	g.ask(q)
}

// putOff makes a question wait.
func (g *granter) putOff(waiting *[]question, q question) {
	if len(*waiting) >= questionsMax {
		g.cannotListen(q, fmt.Errorf("%d questions wait for an answer: %w", questionsMax, syscall.ENOBUFS))
		return
	}
	*waiting = append(*waiting, q)
}

// ask answers a question, or starts what must be done first.
func (g *granter) ask(q question) {
	w, query := q.w, q.m.Query
	if w.life.leaving {
		return
	}
	key := queryKey(query)
	if g.ledger.mayBeClosing(key) {
		// It may be the very address that is being closed: without the wait a
		// program that closes its server and listens again in one turn would
		// hear that it is in use.
		g.putOff(&g.asked, q)
		return
	}
	a := addressOfQuery(query)
	if q.ip.IsValid() {
		a.Host = q.ip.String()
	}
	s, err := g.serverAt(w, key, a)
	if err == nil && s == nil {
		err = g.mayOpenNew(a)
	}
	switch {
	case err != nil:
		g.cannotListen(q, err)
	case s != nil:
		g.give(q, s)
	case query.FD >= 0:
		p, err := sock.OpenInherited(query.FD, g.inherited)
		g.opened(q, a, p, err)
	case a.Network == "unix":
		g.openPath(q, key, a)
	case !literal(a.Host):
		g.lookUp(q, a.Host)
	case a.Network == "udp":
		p, err := sock.OpenUDP(sock.Addr(a), query.AddressType == "udp6", g.optionsOf(query), query.Flags&udpReuseAddr != 0)
		g.opened(q, a, p, err)
	default:
		p, err := sock.OpenTCP(sock.Addr(a), g.optionsOf(query))
		g.opened(q, a, p, err)
	}
}

// literal tells whether a host needs no lookup.
func literal(host string) bool {
	_, err := netip.ParseAddr(host)
	return host == "" || err == nil
}

// lookUp looks a name up, once for all questions that come meanwhile.
func (g *granter) lookUp(q question, host string) {
	waiting, under := g.lookups[host]
	g.putOff(&waiting, q)
	g.lookups[host] = waiting
	if under {
		return
	}
	doAside(g.asides, func(ctx context.Context) (netip.Addr, error) { return g.sys.resolve(ctx, host) }, func(ip netip.Addr, err error) {
		waiting := g.lookups[host]
		delete(g.lookups, host)
		for _, q := range waiting {
			switch {
			case q.w.life.leaving: // or it has died
			case err != nil:
				g.cannotListen(q, &AddrError{Addr: addressOfQuery(q.m.Query), Err: err})
			default:
				q.ip = ip
				g.ask(q)
			}
		}
	}, nil)
}

// openPath opens a unix socket, once for all questions that come meanwhile.
func (g *granter) openPath(q question, key string, a Address) {
	waiting, under := g.opening[key]
	if under && len(waiting) >= questionsMax {
		g.putOff(&waiting, q) // refuses it
		return
	}
	q.w.asks.opening++
	g.opening[key] = append(waiting, q)
	if under {
		return
	}
	o := g.optionsOf(q.m.Query)
	doAside(g.asides, func(context.Context) (*sock.Port, error) { return g.sys.openPath(a, o) }, func(p *sock.Port, err error) {
		waiting := g.opening[key]
		delete(g.opening, key)
		if err != nil && isSlow(err) {
			err = &AddrError{Addr: a, Err: err}
		}
		var s *server
		if err == nil && (g.stopping != nil || !anyStays(waiting)) {
			g.ledger.closePort(p)
		} else if err == nil {
			s, err = g.serve(key, p)
		}
		for _, q := range waiting {
			q.w.asks.opening--
			switch {
			case q.w.life.leaving: // or it has died
			case err != nil:
				g.cannotListen(q, err)
			case s != nil:
				g.ask(q)
			}
		}
		for _, q := range waiting {
			g.askLater(q.w)
		}
	}, func(p *sock.Port, err error) {
		if err == nil {
			g.ledger.closePort(p)
		}
	})
}

// anyStays tells whether a worker that asked is still there.
func anyStays(waiting []question) bool {
	return slices.ContainsFunc(waiting, func(q question) bool { return !q.w.life.leaving })
}

// askLater asks the questions that waited behind a worker's question that is
// answered now.
func (g *granter) askLater(w *worker) {
	for w.asks.opening == 0 && len(w.asks.later) > 0 {
		q := w.asks.later[0]
		w.asks.later = w.asks.later[1:]
		g.ask(q)
	}
}

// opened takes in that an address was opened, or could not be. The process that
// holds it is searched for aside.
func (g *granter) opened(q question, a Address, p *sock.Port, err error) {
	if err == nil {
		var s *server
		if s, err = g.serve(queryKey(q.m.Query), p); err == nil {
			if a.Port == 0 && a.Network != "unix" && q.m.Query.FD < 0 {
				// Another worker may ask for the very port (Node refuses that, and has
				// it among its known issues).
				s.chosen = addressOfQuery(q.m.Query)
				s.chosen.Port = p.Addr().Port
			}
			g.give(q, s)
			return
		}
	}
	if q.m.Query.FD >= 0 || !errors.Is(err, syscall.EADDRINUSE) {
		if q.m.Query.FD < 0 {
			err = &AddrError{Addr: a, Err: err}
		}
		g.cannotListen(q, err)
		return
	}
	q.w.asks.opening++
	doAside(g.asides, func(context.Context) (*AddrError, error) { return g.sys.explain(a, err), nil }, func(e *AddrError, slow error) {
		q.w.asks.opening--
		if slow != nil {
			e = &AddrError{Addr: a, Err: err}
		}
		if !q.w.life.leaving {
			g.cannotListen(q, e)
		}
		g.askLater(q.w)
	}, nil)
}

// cannotListen answers that the worker cannot listen.
func (g *granter) cannotListen(q question, err error) {
	w := q.w
	w.flow.account.asking--
	if e := (*AddrError)(nil); errors.As(err, &e) {
		err = programAddr{e}
	}
	g.faulted(w, fmt.Sprintf("worker %d cannot listen", w.id), err)
	errno := -int(errnoOf(err))
	g.send(w, ipc.QueryReply{Ack: q.m.Seq, Seq: g.nextSeq(), Key: queryKey(q.m.Query), Errno: &errno})
}

// give gives a worker the server it has asked for.
func (g *granter) give(q question, s *server) {
	w := q.w
	w.flow.account.asking--
	if s.data == nil {
		s.data = q.m.Query.Data
	}
	if err := g.answerQuery(w, s, q.m.Seq); err != nil {
		if !errors.Is(err, ipc.ErrClosed) {
			g.failed(w, fmt.Sprintf("answering worker %d", w.id), err)
		}
		return
	}
	g.ledger.serves(w, s)
	g.onGiven(w, s)
	w.servers[s] = true
	w.note = ""
	s.users[w] = false
	w.addrs = append(w.addrs, s.addr)
	g.paths.keepName(s, w)
}

// answerQuery answers that the worker may listen. Without a descriptor the
// worker waits for hand-offs only.
func (g *granter) answerQuery(w *worker, s *server, ack int64) error {
	seq := g.nextSeq()
	w.flow.account.listens++
	reply := ipc.QueryReply{Ack: ack, Seq: seq, Key: s.key, Data: s.data, Sockname: sockname(s.addr)}
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
	typ := serverHandle
	if s.addr.Network == "udp" {
		typ = "dgram.Native"
	}
	line, err := ipc.AppendHandle(nil, typ, inner)
	if err != nil {
		return err
	}
	if err := w.ch.Send(line, s.port.FD(g.ledger.socketFor(w, s))); err != nil {
		return err
	}
	w.unacked = append(w.unacked, sentFD{seq: seq, what: "the socket of " + s.addr.String()})
	return nil
}

// addressOfQuery is the address a worker asks for.
func addressOfQuery(q *ipc.Query) Address {
	a := Address{Network: "tcp", Port: q.Port}
	if q.Address != nil {
		a.Host = *q.Address
	}
	switch {
	case strings.HasPrefix(q.AddressType, "udp"):
		a.Network = "udp"
	case q.AddressType == "-1":
		a.Network, a.Port, a.Host = "unix", 0, sock.SocketPath(a.Host)
	}
	return a
}

// udpReuseAddr is bit 2 of a UDP query's flags (libuv's UV_UDP_REUSEADDR).
const udpReuseAddr = 4

// optionsOf is how to listen on the address a worker asks for.
func (g *granter) optionsOf(q *ipc.Query) sock.Options {
	return sock.Options{Sockets: g.ledger.sockets(), Backlog: q.Backlog, IPv6Only: q.Flags&1 != 0, ReadableAll: q.ReadableAll, WritableAll: q.WritableAll}
}

// serverAt finds the server a worker wants to listen on; nil if it is not open.
// An error means that this worker listens there already.
func (g *granter) serverAt(w *worker, key string, a Address) (*server, error) {
	s := g.ledger.find(key, a)
	if s != nil {
		if closed, using := s.users[w]; using && !closed {
			return nil, fmt.Errorf("%s: worker %d listens there already: %w", a, w.id, syscall.EADDRINUSE)
		}
	}
	return s, nil
}

// serve makes a server of open sockets for the workers.
func (g *granter) serve(key string, p *sock.Port) (*server, error) {
	s, err := g.ledger.addServer(key, p)
	if err != nil {
		return nil, err
	}
	g.ledger.accept(s)
	return s, nil
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

// errnoOf is the errno in err, EINVAL if there is none.
func errnoOf(err error) syscall.Errno {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return syscall.EINVAL
}

// askClosed asks the questions that waited for addresses to be closed.
func (g *granter) askClosed() {
	asked := g.asked
	g.asked = nil
	for _, q := range asked {
		g.ask(q)
	}
}
