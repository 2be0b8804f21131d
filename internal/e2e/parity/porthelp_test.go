package parity

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"muster/engine"
)

// portCluster is newCluster that tells what the workers wrote and what went
// wrong, should the test fail.
func portCluster(t *testing.T, with ...func(*engine.Options)) *engine.Cluster {
	t.Helper()
	c := newCluster(t, with...)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		events, _ := c.Events(0)
		for _, e := range events {
			if e.Kind != engine.KindSend && e.Kind != engine.KindMessage {
				t.Logf("worker %d: %s %s %+v", e.Worker, e.Kind, e.Call, e.Detail)
			}
		}
	})
	return c
}

// actor is a worker and what its program says.
type actor struct {
	*engine.Worker
	t    *testing.T
	said chan json.RawMessage
	gone chan engine.ExitDetail
}

func portFork(t *testing.T, c *engine.Cluster, scene string, env ...string) *actor {
	t.Helper()
	env = append(env, "GORACE=atexit_sleep_ms=0") // else -race makes every exit last a second
	a := &actor{fork(t, c, scene, env...), t, make(chan json.RawMessage, 256), make(chan engine.ExitDetail, 1)}
	a.OnMessage(func(m engine.Message) { a.said <- m.Value })
	a.OnExit(func(d engine.ExitDetail) { a.gone <- d })
	return a
}

// hear waits for the next message of a's program.
func portHear[T any](a *actor) T {
	a.t.Helper()
	var v T
	var raw json.RawMessage
	select {
	case raw = <-a.said:
	case d := <-a.gone: // after its messages
		a.gone <- d
		select {
		case raw = <-a.said:
		default:
			a.t.Fatalf("%v has ended (%v) instead of saying something", a, d)
		}
	case <-time.After(patience):
		a.t.Fatalf("%v said nothing within %v", a, patience)
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		a.t.Fatalf("%v said %s: %v", a, raw, err)
	}
	return v
}

// tell has a port-server carry out an order.
func (a *actor) tell(o portOrder) portAnswer {
	a.t.Helper()
	if err := a.Send(o); err != nil {
		a.t.Fatal(err)
	}
	return portHear[portAnswer](a)
}

// listens tells a to listen, which must work, and returns where it does.
func (a *actor) listens(network, address string) string {
	a.t.Helper()
	return a.does(portOrder{Do: "listen", Network: network, Address: address})
}

// does tells a to do what must work.
func (a *actor) does(o portOrder) (addr string) {
	a.t.Helper()
	r := a.tell(o)
	if r.Errno != "" {
		a.t.Fatalf("%v: %s %s: %s", a, o.Do, o.Address, r.Error)
	}
	return r.Addr
}

// ends waits for a's exit, which must be one with code 0 that was wanted.
func (a *actor) ends() {
	a.t.Helper()
	d := next(a.t, a.gone, fmt.Sprintf("exit of %v", a))
	if d.Code == nil || *d.Code != 0 || !d.Voluntary {
		a.t.Errorf("%v ended with %v, voluntary %v; want code 0, true", a, d, d.Voluntary)
	}
}

// leaves tells a to disconnect, and waits for its end.
func (a *actor) leaves() {
	a.t.Helper()
	a.Disconnect()
	a.ends()
}

// ask reads what a server says until it closes the connection.
func askID(network, addr string) (string, error) {
	conn, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	b, err := io.ReadAll(conn)
	return string(b), err
}

// answers wants one of these workers to answer at an address.
func answersID(t *testing.T, network, addr string, by ...*actor) {
	t.Helper()
	who, err := askID(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range by {
		if who == strconv.Itoa(a.ID()) {
			return
		}
	}
	t.Errorf("%s is answered by %q, want one of %v", addr, who, by)
}

// echoes wants a worker to answer datagrams to an address.
func echoes(t *testing.T, addr string, by *actor) {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if _, err = conn.Write([]byte("who?")); err != nil {
		t.Fatal(err)
	}
	n, err := conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	if who := string(buf[:n]); who != strconv.Itoa(by.ID()) {
		t.Errorf("a datagram to %s is answered by %q, want %v", addr, who, by)
	}
}

// taken is an address that somebody outside the cluster listens on, and how to
// end that.
func takenPort(t *testing.T) (addr string, free func()) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free = func() { _ = ln.Close() } // the second time it is closed already
	t.Cleanup(free)
	return ln.Addr().String(), free
}

// freeAddress is one that was free just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	addr, free := takenPort(t)
	free()
	return addr
}

// portOf is the port of an address.
func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
