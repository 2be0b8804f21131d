package engine

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"muster/ipc"
)

// childState is what a worker says of itself.
type childState struct{ connected, voluntary, known bool }

func childStateOf(c *Child) childState {
	v, k := c.ExitedAfterDisconnect()
	return childState{c.IsConnected(), v, k}
}

func checkState(t *testing.T, c *Child, when string, want childState) {
	t.Helper()
	if got := childStateOf(c); got != want {
		t.Errorf("%s: %+v, want %+v", when, got, want)
	}
	if c.IsDead() {
		t.Errorf("%s: dead", when)
	}
}

// noExit says that the process was not made to exit.
func (p *fakePrimary) noExit(c *Child) {
	p.t.Helper()
	receive(p.t, c.departure.over)
	select {
	case code := <-p.exits:
		p.t.Errorf("the process exits with %d", code)
	default:
	}
}

// The worker's own disconnect: close for each server, then the announcement,
// then, not before it was acknowledged, the end.
func TestChildDisconnect(t *testing.T) {
	c, p := startChild(t)
	checkState(t, c, "at first", childState{connected: true})
	ln, key := p.listening(c, "127.0.0.1:4000")
	inEvent := make(chan childState, 2)
	remove := c.OnDisconnect(func() { t.Error("it was removed") })
	c.OnDisconnect(func() { inEvent <- childStateOf(c) })
	remove()

	c.Disconnect()
	receive(t, c.Leaving())
	checkState(t, c, "while it leaves", childState{true, true, true})
	c.Disconnect()
	if m := p.expect("close"); m.Key != key {
		t.Errorf("it closed %q", m.Key)
	}
	ack := p.expect("exitedAfterDisconnect").Seq
	p.quiet("it did not wait for the answer")
	if err := c.Send("still there"); err != nil {
		t.Error(err)
	}
	p.next()
	p.send(ipc.AckReply{Ack: ack})
	p.expectEnd()
	if s := receive(t, inEvent); s != (childState{false, true, true}) {
		t.Errorf("in 'disconnect': %+v", s)
	}
	p.noExit(c)
	if _, err := ln.Accept(); err == nil {
		t.Error("its server still accepts")
	}
}

// The primary's order is not announced back to it.
func TestChildIsToldToDisconnect(t *testing.T) {
	c, p := startChild(t)
	_, _ = p.listening(c, "127.0.0.1:4000")
	p.send(ipc.Disconnect{})
	p.expect("close")
	p.expectEnd()
	p.noExit(c)
	checkState(t, c, "at the end", childState{false, true, true})
}

// An order that comes while the worker leaves by itself spares the announcement,
// not the drain.
func TestChildIsToldWhileItLeaves(t *testing.T) {
	c, p := startChild(t)
	release := c.Hold()
	c.Disconnect()
	p.send(ipc.Disconnect{})
	poll(t, "the order was read", func() bool { c.departure.mu.Lock(); defer c.departure.mu.Unlock(); return c.departure.ordered })
	p.quiet("it did not wait for the hold")
	release()
	p.expectEnd()
	p.noExit(c)
}

// Held open, the channel ends with the last release; each counts once.
func TestChildHold(t *testing.T) {
	t.Parallel()
	c, p := startChild(t)
	a, b := c.Hold(), c.Hold()
	c.Disconnect()
	a()
	a()
	p.quiet("it did not wait for the second hold")
	checkState(t, c, "while it is held", childState{true, true, true})
	over := background(func() (any, error) { b(); return nil, nil })
	ack := p.expect("exitedAfterDisconnect").Seq
	never(t, over, "the last release returned before the primary knew")
	c.Hold()()
	p.quiet("it announced again")
	p.send(ipc.AckReply{Ack: ack})
	receive(t, over)
	p.expectEnd()
	c.Hold()()
	p.noExit(c)
}

// ServeHTTP is a hold until its connections have ended (Node's
// worker-wait-server-close).
func TestChildDisconnectWaitsForServeHTTP(t *testing.T) {
	t.Parallel()
	c, p := startChild(t)
	ln, key := p.listening(c, "127.0.0.1:4000")
	began, finish := make(chan struct{}), make(chan struct{})
	tell := make(chan struct{})
	c.OnDisconnect(func() { <-tell })
	served := background(func() (any, error) {
		return nil, c.serveHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(began)
			<-finish
			_, _ = io.WriteString(w, "done")
		})})
	})
	client := handOff(t, p, key)
	client.send(t, "/")
	receive(t, began)
	c.Disconnect()
	p.expect("close")
	p.quiet("the open request was not waited for")
	close(finish)
	client.answer(t, "done")
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq})
	p.expectEnd()
	never(t, served, "ServeHTTP returned, and so main may, before 'disconnect' was handled")
	close(tell)
	if r := receive(t, served); r.err != nil {
		t.Error(r.err)
	}
	p.noExit(c)
}

// handOff gives the worker a connection for the server of that key.
func handOff(t *testing.T, p *fakePrimary, key string) *httpConn {
	t.Helper()
	client := sendConnectionAs(t, p, "net.Native", map[string]any{"cmd": "NODE_CLUSTER", "act": "newconn", "key": key, "seq": 99})
	if m := p.next(); !m.Cluster.HasAccepted || !m.Cluster.Accepted || m.Cluster.Ack != 99 {
		t.Fatalf("a connection was answered with %+v", m.Cluster)
	}
	return client
}

// What came before the order can still be answered, the order's effect
// notwithstanding.
func TestChildAnswersWhatCameBeforeTheOrder(t *testing.T) {
	c, p := startChild(t)
	ready := make(chan struct{})
	c.OnMessage(func(m Message) {
		<-c.Leaving()
		<-ready
		if err := c.Send(m.Value); err != nil {
			t.Error(err)
		}
	})
	p.send("first")
	p.send("second")
	p.send(ipc.Disconnect{})
	poll(t, "the order waits behind the second message", func() bool {
		c.inbox.mu.Lock()
		defer c.inbox.mu.Unlock()
		return len(c.inbox.items) == 2
	})
	close(ready)
	for _, want := range []string{`"first"`, `"second"`} {
		if m := p.next(); string(m.Raw) != want {
			t.Errorf("got %s, want %s", m.Raw, want)
		}
	}
	p.expectEnd()
}

// The end without an order: the messages, then 'disconnect', then exit 0.
func TestChildExitsWithItsPrimary(t *testing.T) {
	c, p := startChild(t)
	var order []string
	inEvent := make(chan childState, 1)
	begin, finish := make(chan struct{}), make(chan struct{})
	c.OnMessage(func(m Message) {
		<-begin
		order = append(order, string(m.Value))
	})
	c.OnDisconnect(func() {
		order = append(order, "disconnect")
		inEvent <- childStateOf(c)
		<-finish
	})
	p.send(1)
	p.send(2)
	poll(t, "both are read", func() bool { return inboxCount(c) == 1 }) // and one is being handled
	_ = p.ch.Close()
	close(begin)
	if s := receive(t, inEvent); s != (childState{false, false, true}) {
		t.Errorf("in 'disconnect': %+v", s)
	}
	never(t, p.exits, "it exits before 'disconnect' was handled")
	close(finish)
	if code := receive(t, p.exits); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if len(order) != 3 || order[2] != "disconnect" {
		t.Errorf("%v", order)
	}
}

// Kill announces, waits, ends the channel and exits; nothing is drained.
func TestChildKill(t *testing.T) {
	c, p := startChild(t)
	_, _ = p.listening(c, "127.0.0.1:4000")
	defer c.Hold()()
	c.Kill()
	c.Destroy()
	ack := p.expect("exitedAfterDisconnect").Seq
	checkState(t, c, "while it waits", childState{true, true, true})
	never(t, p.exits, "it exits before the primary knows")
	p.send(ipc.AckReply{Ack: ack})
	p.expectEnd()
	if code := receive(t, p.exits); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestChildKillAfterTheEnd(t *testing.T) {
	c, p := startChild(t)
	p.send(ipc.Disconnect{})
	p.expectEnd()
	p.noExit(c)
	c.Destroy()
	if code := receive(t, p.exits); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A disconnect that is killed while it drains exits like any kill.
func TestChildKillDuringDisconnect(t *testing.T) {
	c, p := startChild(t)
	defer c.Hold()()
	c.Disconnect()
	c.Kill()
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq})
	p.expectEnd()
	if code := receive(t, p.exits); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// From within a message everything may be called, Disconnect first of all.
func TestChildDisconnectsInAMessage(t *testing.T) {
	c, p := startChild(t)
	release := c.Hold()
	c.OnMessage(func(Message) {
		c.Disconnect()
		release()
	})
	p.send("leave")
	p.send(ipc.AckReply{Ack: p.expect("exitedAfterDisconnect").Seq})
	p.expectEnd()
	p.noExit(c)
	if err := c.Send(1); !errors.Is(err, ErrChannelClosed) {
		t.Errorf("%v", err)
	}
}
