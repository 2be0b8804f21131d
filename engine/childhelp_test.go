package engine

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// fakePrimary is the other end of a Child's channel.
type fakePrimary struct {
	t     *testing.T
	ch    *ipc.Conn
	msgs  chan ipc.Message
	exits chan int // codes the child has exited with
}

// startChild makes a worker with id 3 and its primary, of which the test plays
// the part. Both ends are gone when the test is over.
func startChild(t *testing.T) (*Child, *fakePrimary) {
	t.Helper()
	ours, theirs, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.FcntlInt(theirs.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	_ = theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	ch, err := ipc.Open(fd)
	if err != nil {
		t.Fatal(err)
	}
	p := &fakePrimary{t: t, ch: ours, msgs: make(chan ipc.Message, 4096), exits: make(chan int, 8)}
	c := newChild(3, ch, func(code int) { p.exits <- code })
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(p.msgs)
		for {
			ms, err := ours.Read(nil)
			for _, m := range ms {
				if m.FD >= 0 {
					_ = ours.Send(ipc.AppendAck(nil), -1)
				}
				p.msgs <- m
			}
			if err != nil {
				return
			}
		}
	})
	c.start()
	t.Cleanup(func() {
		_ = ours.Close()
		reader.Wait()
		for m := range p.msgs {
			closeFD(m.FD)
		}
		receive(t, c.departure.over)
		poll(t, "the channel is closed", func() bool { return c.ch.Send([]byte("1"), -1) == ipc.ErrClosed })
	})
	if m := p.next(); m.Cluster.Act != "online" {
		t.Fatalf("first came %+v", m)
	}
	return c, p
}

// next is the next message of the child that is no report and no ack; the zero
// Message is the channel's end.
func (p *fakePrimary) next() ipc.Message {
	p.t.Helper()
	for {
		m := receive(p.t, p.msgs)
		if m.Kind != ipc.Muster && m.Kind != ipc.Ack {
			return m
		}
	}
}

// expect is next, which must be the cluster message act.
func (p *fakePrimary) expect(act string) ipc.ClusterMsg {
	p.t.Helper()
	m := p.next()
	if m.Kind != ipc.Cluster || m.Cluster.Act != act {
		p.t.Fatalf("got %v %q %s, want %s", m.Kind, m.Cluster.Act, m.Raw, act)
	}
	return m.Cluster
}

// quiet says that the child says nothing for a moment, except reports.
func (p *fakePrimary) quiet(what string) {
	p.t.Helper()
	over := time.After(50 * time.Millisecond)
	for {
		select {
		case m, ok := <-p.msgs:
			if !ok || m.Kind != ipc.Muster && m.Kind != ipc.Ack {
				p.t.Fatalf("%s: %v %q %s", what, m.Kind, m.Cluster.Act, m.Raw)
			}
		case <-over:
			return
		}
	}
}

// expectEnd says that the child ends its channel, and ends ours.
func (p *fakePrimary) expectEnd() {
	p.t.Helper()
	for {
		m, ok := <-p.msgs
		if !ok {
			break
		}
		if m.Kind != ipc.Muster && m.Kind != ipc.Ack {
			p.t.Fatalf("got %v %q %s, want the end", m.Kind, m.Cluster.Act, m.Raw)
		}
	}
	_ = p.ch.Close()
}

func (p *fakePrimary) send(v any) {
	p.t.Helper()
	line, err := ipc.AppendJSON(nil, v)
	if err == nil {
		err = p.ch.Send(line, -1)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// sendFD sends a message with a descriptor in a wrapper of that type.
func (p *fakePrimary) sendFD(typ string, v any, f interface{ File() (*os.File, error) }) {
	p.t.Helper()
	inner, err := json.Marshal(v)
	if err != nil {
		p.t.Fatal(err)
	}
	line, err := ipc.AppendHandle(nil, typ, inner)
	if err != nil {
		p.t.Fatal(err)
	}
	file, err := f.File()
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	if err := p.ch.Send(line, int(file.Fd())); err != nil {
		p.t.Fatal(err)
	}
}

// serve answers a queryServer with yes and no descriptor, under a key that
// says what was asked.
func (p *fakePrimary) serve() (*ipc.Query, string) {
	p.t.Helper()
	q := p.expect("queryServer")
	key := queryKey(q.Query)
	p.send(ipc.QueryReply{Ack: q.Seq, Key: key, Sockname: &ipc.Sockname{Address: "127.0.0.1", Family: "IPv4", Port: 4000}})
	return q.Query, key
}

// listening starts a listen and plays the primary's part of it.
func (p *fakePrimary) listening(c *Child, address string) (*listener, string) {
	p.t.Helper()
	got := background(func() (any, error) {
		ln, err := c.addresses.listen(ListenConfig{}, "tcp", address)
		return ln, err
	})
	_, key := p.serve()
	p.expect("listening")
	r := receive(p.t, got)
	if r.err != nil {
		p.t.Fatal(r.err)
	}
	return r.v.(*listener), key
}

type result struct {
	v   any
	err error
}

// background runs f, which the test does not wait for yet.
func background(f func() (any, error)) <-chan result {
	ch := make(chan result, 1)
	go func() {
		v, err := f()
		ch <- result{v, err}
	}()
	return ch
}

// never says that nothing comes for a moment.
func never[T any](t *testing.T, ch <-chan T, what string) {
	t.Helper()
	select {
	case <-ch:
		t.Fatal(what)
	case <-time.After(50 * time.Millisecond):
	}
}

// contains says that an error tells all of that.
func contains(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v does not tell %q", err, part)
		}
	}
}
