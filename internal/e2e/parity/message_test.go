package parity

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// messagesOf hears what a worker sends.
func messagesOf(w *engine.Worker) <-chan engine.Message {
	heard := make(chan engine.Message, 1024)
	w.OnMessage(func(m engine.Message) { heard <- m })
	return heard
}

// send sends a worker a message that must go.
func send(t *testing.T, w *engine.Worker, message any) {
	t.Helper()
	if err := w.Send(message); err != nil {
		t.Fatal(err)
	}
}

// nextText waits for a worker's next message, a string.
func nextText(t *testing.T, heard <-chan engine.Message) string {
	t.Helper()
	return text(next(t, heard, "a message"))
}

// stillAnswers proves that a worker that echoes does so.
func stillAnswers(t *testing.T, w *engine.Worker) {
	t.Helper()
	word := fmt.Sprint("are you there at ", time.Now().UnixNano())
	heard := make(chan struct{}, 1)
	remove := w.OnMessage(func(m engine.Message) {
		if text(m) == word {
			heard <- struct{}{}
		}
	})
	defer remove()
	send(t, w, word)
	next(t, heard, fmt.Sprintf("the answer of %v", w))
}

// addressOf waits for a worker to listen, and returns where.
func addressOf(t *testing.T, w *engine.Worker) string {
	t.Helper()
	at := make(chan engine.ListeningDetail, 8)
	w.OnListening(func(d engine.ListeningDetail) { at <- d })
	d := next(t, at, fmt.Sprintf("listening of %v", w))
	return net.JoinHostPort(d.Address, fmt.Sprint(d.Port))
}

// test-cluster-message: a worker with a TCP server stands between a client and
// the primary. What the client says arrives as a message, at the worker's
// listeners and at the cluster's; what the primary says comes to the client.
func TestMessage(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := newCluster(t, policy(p))
		all := make(chan string, 8)
		c.OnMessage(func(w *engine.Worker, m engine.Message) { all <- fmt.Sprintf("%v: %s", w, m.Value) })
		w := fork(t, c, "relay")
		own := messagesOf(w)

		client, err := net.Dial("tcp", addressOf(t, w))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.SetDeadline(time.Now().Add(patience))
		in := bufio.NewReader(client)
		for _, n := range []string{"one", "two"} {
			fmt.Fprintln(client, "from the client", n)
			m := next(t, own, "the client's message")
			if want := "from the client " + n; text(m) != want || m.Worker != w.ID() || m.Handle != nil {
				t.Errorf("the worker's listener has %+v (%s), want %q", m, m.Value, want)
			}
			if got, want := next(t, all, "the client's message at the cluster"), fmt.Sprintf("worker 1: %q", "from the client "+n); got != want {
				t.Errorf("the cluster's listener has %s, want %s", got, want)
			}
			send(t, w, "from the primary "+n)
			if got, err := in.ReadString('\n'); got != "from the primary "+n+"\n" {
				t.Errorf("the client has %q, %v", got, err)
			}
		}
	})
}

// test-cluster-invalid-message: one of the cluster's own messages that answers
// a question nobody asked is ignored, and the worker leaves in order after it.
// Here it is sent both ways, and with acts that do not exist.
func TestInvalidMessage(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	heard := messagesOf(w)
	stillAnswers(t, w)
	next(t, heard, "its first answer")
	for _, odd := range []string{
		`{"cmd":"NODE_CLUSTER","ack":-1}`, `{"cmd":"NODE_CLUSTER","ack":4711}`, `{"cmd":"NODE_CLUSTER"}`,
		`{"cmd":"NODE_CLUSTER","act":"no such act"}`, `{"cmd":"NODE_CLUSTER","ack":"x","accepted":7}`, `{"cmd":"NODE_NONSENSE"}`,
	} {
		send(t, w, json.RawMessage(odd))                        // to the worker
		send(t, w, []json.RawMessage{json.RawMessage(`"and"`)}) // an array of its own goes through
		if got := next(t, heard, "the echo"); string(got.Value) != `["and"]` {
			t.Errorf("after %s the worker answers %s", odd, got.Value)
		}
	}
	if w.Disconnect() != w {
		t.Error("Disconnect returns another worker")
	}
	if exit := exitOf(t, w); exit.String() != "code 0" || !exit.Voluntary {
		t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
	}
}

// The other way: a worker's program may send such a message too, and the
// primary ignores it.
func TestInvalidMessageOfWorker(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "talks")
	heard := messagesOf(w)
	if got := nextText(t, heard); got != "done" { // the only one that is the program's
		t.Errorf("the primary's program hears %s", got)
	}
	send(t, w, "more")
	if got := nextText(t, heard); got != "more" {
		t.Errorf("the worker answers %s", got)
	}
	w.Disconnect()
	if exit := exitOf(t, w); exit.String() != "code 0" || !exit.Voluntary {
		t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
	}
}

// test-cluster-ipc-throw: a program that throws in the error handler of a
// server on an address in use, and catches that, still gets its messages and
// leaves with code 0. Here the function of OnMessage panics, and recovers.
func TestIpcThrow(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		addr := taken.Addr().String()
		c := newCluster(t, policy(p))
		w := fork(t, c, "throws")
		heard := messagesOf(w)
		for range 2 {
			send(t, w, addr)
			got := nextText(t, heard)
			for _, part := range []string{"thrown: ", "worker 1", addr, "address already in use"} {
				if !strings.Contains(got, part) {
					t.Errorf("%q does not hold %q", got, part)
				}
			}
		}
		taken.Close()
		// A process that is being started has what this one had open until it runs
		// its program: the address may be taken for a moment longer.
		var got string
		if !testkit.Within(patience, func() bool { send(t, w, addr); got = nextText(t, heard); return got == "listens: <nil>" }) {
			t.Errorf("when the address is free: %s", got)
		}
		w.Disconnect()
		if exit := exitOf(t, w); exit.String() != "code 0" || !exit.Voluntary {
			t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
		}
	})
}

// test-cluster-worker-init: what is sent right after the fork, before the
// worker's program runs, arrives there; disconnect() returns the worker.
func TestWorkerInit(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "counts")
	send(t, w, "at once")
	send(t, w, "again")
	heard := messagesOf(w)
	for _, want := range []string{`1: "at once"`, `2: "again"`} {
		if got := nextText(t, heard); got != want {
			t.Errorf("the worker has %s, want %s", got, want)
		}
	}
	if got := w.Disconnect(); got != w {
		t.Errorf("Disconnect returns %v", got)
	}
	if exit := exitOf(t, w); exit.String() != "code 0" || !exit.Voluntary {
		t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
	}
	if got := w.Disconnect(); got != w {
		t.Errorf("after its end Disconnect returns %v", got)
	}
}

// The moment after the fork is none too early for a message: each of many finds
// its worker.
func TestSendRightAfterFork(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for range 20 {
		w := fork(t, c, "echo")
		send(t, w, "at once")
		if got := nextText(t, messagesOf(w)); got != "at once" {
			t.Errorf("%v has %q", w, got)
		}
		if err := w.Kill(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

// test-cluster-send-deadlock: primary and worker send each other sockets at the
// same time and neither waits for the other. The messages are longer than the
// channel holds, so that both have to keep what the other does not read yet.
func TestSendDeadlock(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "trade")
	got, complete := make(chan struct{}, tradeCount), make(chan struct{})
	w.OnMessage(func(m engine.Message) {
		switch {
		case m.Handle != nil:
			m.Handle.Close()
			got <- struct{}{}
		case text(m) == "complete":
			close(complete)
		default:
			t.Errorf("the worker says %s", m.Value)
		}
	})
	h := handleOfConn(t)
	for range tradeCount {
		if err := w.SendHandle(strings.Repeat("p", tradeSize), h); err != nil {
			t.Fatal(err)
		}
	}
	for n := range tradeCount {
		next(t, got, fmt.Sprintf("socket %d of the worker", n+1))
	}
	next(t, complete, "the worker's word that it has all")
}

// handleOfConn is a handle of a connection to nowhere.
func handleOfConn(t *testing.T) *engine.Handle {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	h, err := engine.NewHandle(conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}
