package parity

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// A worker that shares no address is told to disconnect while another one
// listens. It goes, and the other is left alone.
func TestDisconnectUnsharedTCP(t *testing.T) {
	t.Parallel()
	disconnectsUnshared(t, "listen", "tcp", func(t *testing.T, addr string, by *actor) { answersID(t, "tcp", addr, by) })
}

// The same with a UDP socket.
func TestDisconnectUnsharedUDP(t *testing.T) { disconnectsUnshared(t, "bind", "udp", echoes) }

func disconnectsUnshared(t *testing.T, do, network string, served func(*testing.T, string, *actor)) {
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := portCluster(t, policy(p))
		unbound := portFork(t, c, "port-server")
		online := make(chan struct{})
		unbound.OnOnline(func() { close(online) })
		next(t, online, "online")
		bound := portFork(t, c, "port-server")
		addr := bound.does(portOrder{Do: do, Network: network, Address: "127.0.0.1:0"})

		left := make(chan engine.DisconnectDetail, 1)
		unbound.OnDisconnect(func(d engine.DisconnectDetail) { left <- d })
		unbound.Disconnect()
		if d := next(t, left, "disconnect"); !d.Voluntary || d.Error != "" {
			t.Errorf("disconnect: %+v; want voluntary and no error", d)
		}
		unbound.ends()
		served(t, addr, bound)

		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := c.Disconnect(ctx); err != nil {
			t.Fatal(err)
		}
		bound.ends()
	})
}

// portBye says goodbye on each connection and waits for its end, also when it
// has to leave. It ends with 4 if it has not closed all it has opened.
func portBye(c *engine.Child) int {
	ended := make(chan struct{})
	c.OnDisconnect(func() { close(ended) })
	before := openFiles()
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	portMust(err)
	portMust(c.Send(ln.Addr().String()))
	var conns sync.WaitGroup
	for {
		conn, err := ln.Accept()
		if err != nil {
			break
		}
		release := c.Hold()
		conns.Go(func() {
			defer release()
			defer conn.Close()
			_, _ = io.WriteString(conn, "bye") // the client misses it
			_, _ = io.Copy(io.Discard, conn)   // until the client closes it
		})
	}
	conns.Wait()
	<-ended
	before-- // the channel
	for deadline := time.Now().Add(patience / 4); openFiles() > before; {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "%d descriptors are open, %d were at the start\n", openFiles(), before)
			return 4
		}
	}
	return 0
}

// Two workers share a socket and are told to disconnect while a client is
// connected. Both end in good order, and neither they nor the primary keep a
// descriptor of it.
func TestSharedLeak(t *testing.T) {
	before := openFiles()
	c := portCluster(t, policy(engine.SchedNone))
	a, b := portFork(t, c, "port-bye"), portFork(t, c, "port-bye")
	addr := portHear[string](a)
	portHear[string](b)
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	bye := make([]byte, 3)
	if _, err := io.ReadFull(conn, bye); err != nil || string(bye) != "bye" {
		t.Fatalf("the client read %q, %v", bye, err)
	}
	a.Disconnect()
	b.Disconnect()
	select { // one of them has the connection, and waits for it
	case d := <-a.gone:
		a.gone <- d
	case d := <-b.gone:
		b.gone <- d
	case <-time.After(patience):
		t.Fatal("no worker has left")
	}
	if left := c.Workers(); len(left) != 1 {
		t.Errorf("%d workers live, want the one with the connection", len(left))
	}
	_ = conn.Close()
	a.ends()
	b.ends()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() bool { return openFiles() <= before }, "all descriptors closed")
}

// portWait serves one kind of server, whose answer comes when the test says
// "finish", and says when it has to leave.
func portWait(c *engine.Child) int {
	finish := make(chan string, 1)
	c.OnDisconnect(func() { finish <- "too late" })
	c.OnMessage(func(m engine.Message) {
		if string(m.Value) == `"finish"` {
			finish <- "finished"
			return
		}
		portMust(c.Send(m.Value)) // a round trip
	})
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	portMust(err)
	go func() {
		<-c.Leaving()
		_ = c.Send("leaving") // the test misses it
	}()
	portMust(c.Send(ln.Addr().String()))
	if os.Getenv(portEnv) == "ServeHTTP" {
		portMust(engine.ServeHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			portMust(c.Send("busy"))
			_, _ = io.WriteString(w, <-finish) // the client misses it
		})}))
		return 0
	}
	conn, err := ln.Accept()
	portMust(err)
	release := c.Hold()
	_, err = http.ReadRequest(bufio.NewReader(conn)) // what is unread would make the close a reset
	portMust(err)
	portMust(c.Send("busy"))
	_, err = fmt.Fprintf(conn, "HTTP/1.0 200 OK\r\n\r\n%s", <-finish)
	portMust(err)
	portMust(conn.Close())
	release()
	return 0
}

// A worker that is told to disconnect lives, with its channel, until the last
// connection of its server has ended: what is under way is answered. A Go
// program that accepts by itself says so with Hold; ServeHTTP does it for it.
func TestWorkerWaitServerClose(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"ServeHTTP", "Hold"} {
		t.Run(how, func(t *testing.T) {
			bothPolicies(t, func(t *testing.T, p engine.Policy) { waitsForServer(t, p, how) })
		})
	}
}

func waitsForServer(t *testing.T, p engine.Policy, how string) {
	c := portCluster(t, policy(p))
	w := portFork(t, c, "port-wait", portEnv+"="+how)
	addr := portHear[string](w)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: transport, Timeout: patience}
		resp, err := client.Get("http://" + addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			b = append(b, err.Error()...)
		}
		answer <- string(b)
	}()
	hearWord(w, "busy")
	w.Disconnect()
	hearWord(w, "leaving")
	for range 5 { // it has all the time to do the wrong thing
		if err := w.Send("still there?"); err != nil {
			t.Fatal(err)
		}
		hearWord(w, "still there?")
	}
	if !w.IsConnected() || w.IsDead() || w.State() != engine.StateDisconnecting {
		t.Errorf("connected %v, dead %v, state %s; want true, false, disconnecting", w.IsConnected(), w.IsDead(), w.State())
	}
	if err := w.Send("finish"); err != nil {
		t.Fatal(err)
	}
	if got := next(t, answer, "answer"); got != "finished" {
		t.Errorf("the request was answered with %q, want finished", got)
	}
	w.ends()
}

func hearWord(a *actor, want string) {
	a.t.Helper()
	if got := portHear[string](a); got != want {
		a.t.Fatalf("%v said %q, want %q", a, got, want)
	}
}
