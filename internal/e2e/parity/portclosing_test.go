package parity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
)

// portClosing closes its server when it gets SIGUSR1, with connections on the
// way to it: until then its program handles no message, and when enough of them
// wait nothing is read from the channel. Of what was taken before that it
// answers all. At the end it tells how many descriptors it has more than at first.
func portClosing(c *engine.Child) int {
	ended, unblock := make(chan struct{}), make(chan struct{})
	now := make(chan os.Signal, 1)
	signal.Notify(now, syscall.SIGUSR1)
	c.OnDisconnect(func() { close(ended) })
	before := openFiles()
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	portMust(err)
	c.OnMessage(func(m engine.Message) {
		<-unblock
		if string(m.Value) == `"count"` {
			portMust(c.Send(openFiles() - before))
		}
	})
	portMust(c.Send(ln.Addr().String()))
	<-now
	portMust(ln.Close())
	close(unblock)
	serveID(ln, c.ID())
	<-ended
	return 0
}

// A connection reaches a worker that has just closed its server. The worker
// refuses it and closes its copy; another worker serves it, and if there is
// none its client sees the end.
func TestWorkerHandleClose(t *testing.T) {
	t.Parallel()
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("alone %v", alone), func(t *testing.T) {
			// It is up to the scheduler whether the worker has read the connection
			// before it stops reading; that is no refusal then.
			for range 10 {
				if refusesWhileClosing(t, alone) {
					return
				}
			}
			t.Error("no connection was refused in ten runs")
		})
	}
}

func refusesWhileClosing(t *testing.T, alone bool) (refused bool) {
	c := portCluster(t, policy(engine.SchedRR))
	w := portFork(t, c, "port-closing")
	addr := portHear[string](w)
	var other *actor
	if !alone {
		other = portFork(t, c, "port-server")
		other.listens("tcp", "127.0.0.1:0")
	}
	const fill = 1100 // the worker reads no more when 1,024 wait
	for range fill {
		if err := w.Send("fill"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.Flush(ctx); err != nil { // a channel that takes no more gets no connection
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() bool {
		s := c.Snapshot()
		return s.Handing == 1 || s.Taken == 1
	}, "a hand-off")
	if err := w.Process().Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(conn)
	testkit.Eventually(t, patience, func() bool {
		s := c.Snapshot()
		return s.Handing == 0 && s.Refused+s.Taken > 0
	}, "an answer to the hand-off")
	refused = c.Snapshot().Refused > 0
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		t.Errorf("the client waited for %v in vain", patience)
	case !refused && string(b) != strconv.Itoa(w.ID()) && (alone || string(b) != strconv.Itoa(other.ID())):
		t.Errorf("taken, and then %q, %v", b, err)
	case refused && alone && len(b) > 0:
		t.Errorf("refused, and answered with %q", b)
	case refused && !alone && string(b) != strconv.Itoa(other.ID()):
		t.Errorf("refused, and then %q, %v; want the answer of %v", b, err, other)
	}
	if err := w.Send("count"); err != nil {
		t.Fatal(err)
	}
	if more := portHear[int](w); more != 0 {
		t.Errorf("%v has %d descriptors more than before", w, more)
	}
	w.leaves()
	if other != nil {
		other.leaves()
	}
	return refused
}
