package engine

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"muster/ipc"
)

// nextReport is the next report of the child that fits.
func (p *fakePrimary) nextReport(what string, fits func(report) bool) report {
	p.t.Helper()
	for {
		m := receive(p.t, p.msgs)
		if m.Kind != ipc.Muster {
			continue
		}
		var r report
		if err := json.Unmarshal(m.Raw, &r); err != nil {
			p.t.Fatalf("%s: %v", what, err)
		}
		if fits(r) {
			return r
		}
	}
}

func (p *fakePrimary) muster(v any) {
	p.t.Helper()
	line, err := ipc.AppendMuster(nil, v)
	if err == nil {
		err = p.ch.Send(line, -1)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// A worker tells the end of the connections it was asked to follow, and of no
// other.
func TestChildTellsTheEndsThatAreWanted(t *testing.T) {
	t.Parallel()
	c, p := startChild(t)
	ln, key := p.listening(c, "127.0.0.1:4000")
	served := background(func() (any, error) {
		return nil, c.serveHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "done")
		})})
	})
	p.nextReport("that it tells", func(r report) bool { return r.Tells })
	for i, wanted := range []bool{false, true, false} {
		seq := int64(100 + i)
		if wanted {
			p.muster(follow{&seq})
		}
		p.muster(map[string]any{"something": "newer"})
		client := sendConnectionAs(t, p, "net.Native", map[string]any{"cmd": "NODE_CLUSTER", "act": "newconn", "key": key, "seq": seq})
		client.send(t, "/")
		client.answer(t, "done")
		_ = client.Close()
		r := p.nextReport("the end", func(r report) bool { return r.Closed == uint64(i+1) })
		if wanted != (len(r.Ends) == 1) {
			t.Fatalf("hand-off %d: ends %v", seq, r.Ends)
		}
		if wanted && (r.Ends[0][0] != uint64(seq) || r.Ends[0][1] == 0) {
			t.Errorf("hand-off %d: ends %v", seq, r.Ends)
		}
	}
	if n := c.counts.follows.some.Load(); n != 0 {
		t.Errorf("%d connections are remembered", n)
	}
	p.send(ipc.Disconnect{})
	p.expect("close")
	p.expectEnd()
	receive(t, served)
}

// Whatever the primary asks, a worker remembers little of it.
func TestFollowsAreBounded(t *testing.T) {
	var f follows
	for i := range 10 * followMax {
		f.want(fmt.Appendf(nil, `{"follow":%d}`, i))
	}
	for _, odd := range []string{``, `null`, `{"follow":-1}`, `{"follow":"7"}`, `[]`, `{"follow":1e99}`} {
		f.want([]byte(odd))
	}
	if len(f.wanted) > followMax {
		t.Errorf("%d hand-offs are wanted", len(f.wanted))
	}
	fo := f.take(10*followMax - 1)
	if fo.at.IsZero() {
		t.Fatal("the newest is forgotten")
	}
	if again := f.take(10*followMax - 1); !again.at.IsZero() {
		t.Error("a hand-off is followed twice")
	}
	for range 10 * followMax {
		f.came(&net.TCPConn{}, fo)
	}
	if len(f.conns) != followMax || f.some.Load() != followMax {
		t.Errorf("%d connections are followed, told as %d", len(f.conns), f.some.Load())
	}
	for range 10 * endsMax {
		f.ended(fo)
	}
	if ends := f.report(); len(ends) != endsMax || len(f.report()) != 0 {
		t.Errorf("%d ends in one report", len(ends))
	}
}

// Nobody sees the connections of a plain Listen closed: they are not followed,
// nor remembered.
func TestChildFollowsOnlyWhatItSeesClosed(t *testing.T) {
	c, p := startChild(t)
	ln, key := p.listening(c, "127.0.0.1:4000")
	seq := int64(99)
	p.muster(follow{&seq})
	client := handOff(t, p, key)
	defer client.Close()
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if n := c.counts.follows.some.Load(); n != 0 || c.counts.tells.Load() {
		t.Errorf("%d connections are remembered, tells %t", n, c.counts.tells.Load())
	}
}
