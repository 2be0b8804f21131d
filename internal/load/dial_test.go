package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fakeNet is addresses that take a connection, refuse it or never answer.
type fakeNet struct {
	how    map[string]error // errSilent: until the end of the context
	closed atomic.Int64
	dialed chan string // every address that is tried
}

var errSilent = errors.New("silent")

type fakeConn struct {
	net.Conn
	n    *fakeNet
	addr string
}

func (c *fakeConn) Close() error { c.n.closed.Add(1); return nil }

func (n *fakeNet) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	n.dialed <- addr
	switch err := n.how[addr]; {
	case errors.Is(err, errSilent):
		<-ctx.Done()
		return nil, ctx.Err()
	case err != nil:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return &fakeConn{n: n, addr: addr}, nil
}

func fakeDialer(next time.Duration, how map[string]error, addrs ...string) (*dialer, *fakeNet) {
	n := &fakeNet{how: how, dialed: make(chan string, 100)}
	d := newDialer(target{network: "tcp", addrs: addrs})
	d.one, d.next = n.dial, next
	return d, n
}

// localhost is ::1 and 127.0.0.1, and the server has one of them: the load must
// find it, and stay with it.
func TestANamesOtherAddressIsTriedAndKept(t *testing.T) {
	refused := error(syscall.ECONNREFUSED)
	for _, tt := range []struct {
		name string
		how  map[string]error
		want string
		next time.Duration
		all  int // addresses tried for the first connection
	}{
		{"both", nil, "[::1]:80", time.Hour, 1},
		{"the first refuses", map[string]error{"[::1]:80": refused}, "127.0.0.1:80", time.Hour, 2},
		{"no IPv6 here", map[string]error{"[::1]:80": syscall.EADDRNOTAVAIL}, "127.0.0.1:80", time.Hour, 2},
		{"the first is silent", map[string]error{"[::1]:80": errSilent}, "127.0.0.1:80", time.Millisecond, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, n := fakeDialer(tt.next, tt.how, "[::1]:80", "127.0.0.1:80")
			if d.addr() != "" {
				t.Error("an address is known before the first connection")
			}
			for i := range 3 {
				conn, err := d.dial(t.Context())
				if err != nil || conn.(*fakeConn).addr != tt.want || d.addr() != tt.want {
					t.Fatalf("connection %d: %v, %v, kept %q; want %s", i, conn, err, d.addr(), tt.want)
				}
			}
			if got := len(n.dialed); got != tt.all+2 {
				t.Errorf("%d addresses tried for three connections, want %d", got, tt.all+2)
			}
		})
	}
}

// What refuses everywhere is refused, and the text names every address; a
// machine without IPv6 is not one without ports.
func TestNoAddressAnswers(t *testing.T) {
	d, _ := fakeDialer(time.Hour, map[string]error{"[::1]:80": syscall.EADDRNOTAVAIL, "127.0.0.1:80": syscall.ECONNREFUSED}, "[::1]:80", "127.0.0.1:80")
	_, err := d.dial(t.Context())
	var f *failure
	if !errors.As(dialFailure(err), &f) || f.end != refused {
		t.Fatalf("%v counts as %v", err, dialFailure(err))
	}
	if got, want := plainText(f.err), "this machine has no such address ([::1]:80); connection refused (127.0.0.1:80)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	d, _ = fakeDialer(time.Hour, map[string]error{"[::1]:80": syscall.ECONNREFUSED, "127.0.0.1:80": syscall.ECONNREFUSED}, "[::1]:80", "127.0.0.1:80")
	if _, err = d.dial(t.Context()); plainText(err) != "connection refused ([::1]:80, 127.0.0.1:80)" {
		t.Errorf("%q", plainText(err))
	}
	// Once there was a connection, an address that is not available is a port
	// that is not: the client's fault.
	d, n := fakeDialer(time.Hour, map[string]error{}, "127.0.0.1:80")
	if _, err := d.dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.how["127.0.0.1:80"] = syscall.EADDRNOTAVAIL
	_, err = d.dial(t.Context())
	var local *localError
	if !errors.As(dialFailure(err), &local) {
		t.Errorf("%v counts as %v", err, dialFailure(err))
	}
}

// The time is up while every address is silent: all attempts end, none is left
// open.
func TestSilentAddressesTimeOut(t *testing.T) {
	d, n := fakeDialer(time.Millisecond, map[string]error{"a": errSilent, "b": errSilent, "c": errSilent}, "a", "b", "c")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := d.dial(ctx)
	var f *failure
	if !errors.As(dialFailure(err), &f) || f.end != timedOut || len(n.dialed) != 3 {
		t.Errorf("%v with %d tried", err, len(n.dialed))
	}
}

// Two connections come of one race: one is closed.
func TestALateConnectionIsClosed(t *testing.T) {
	d, n := fakeDialer(time.Millisecond, nil, "late", "fast")
	release := make(chan struct{})
	d.one = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == "late" {
			<-release
		}
		return n.dial(ctx, network, addr)
	}
	conn, err := d.dial(t.Context())
	if err != nil || conn.(*fakeConn).addr != "fast" {
		t.Fatalf("%v, %v", conn, err)
	}
	close(release)
	eventually(t, "the late one closed", func() bool { return n.closed.Load() == 1 })
}

// A real server on one of two addresses gets all requests, and the run says
// which address that is.
func TestTheAddressThatAnsweredIsTold(t *testing.T) {
	s := serve(t, "tcp", func(p *peer) { p.read(); p.answer("Connection: close\r\n") })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	o, err := Options{Addr: s.addr(), Requests: 20, Concurrency: 4, Idle: 2}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	to := target{network: "tcp", addrs: []string{gone.Addr().String(), s.addr()}, host: "localhost:80", name: "localhost"}
	r, err := start(t.Context(), o, to)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	if err != nil || res.OK != 20 || res.Addr != s.addr() || res.Holds.Failed() != 0 {
		t.Errorf("%v %+v, at %q, %v; want all answered at %s", res, res.Reasons, res.Addr, err, s.addr())
	}
}

func TestReasonsAreBoundedAndAddUp(t *testing.T) {
	var r reasons
	if r.list() != nil {
		t.Error("reasons of nothing")
	}
	r.add(refused, strings.Repeat("é", 200))
	for i := range 1000 {
		r.add(wrong, fmt.Sprintf("text %d", i))
	}
	for range 7 {
		r.add(wrong, "text 5")
		r.add(refused, strings.Repeat("é", 200))
	}
	all := r.list()
	var n uint64
	for _, reason := range all {
		n += reason.Count
	}
	if len(all) != reasonsOfKind+2 || n != 1015 || all[0].Kind != "refused" || len(all[0].Text) != maxReasonLen || all[1] != (Reason{"wrong", "text 5", 8}) {
		t.Errorf("%d reasons of %d: %+v", len(all), n, all)
	}
	if rest := all[len(all)-1]; rest.Text != "" || rest.Kind != "wrong" {
		t.Errorf("the rest: %+v", rest)
	}
	if got := texts(all); len(got) != maxErrors || got[0] != "wrong: text 5" && !slices.Contains(got, "wrong: text 5") {
		t.Errorf("%q", got)
	}
	if len(r.known) > maxReasons {
		t.Errorf("%d texts are kept", len(r.known))
	}
}
