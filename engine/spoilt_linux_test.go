package engine

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
)

// A worker shut its listening socket down, which ends it for all that have it. The
// kernel moved the last socket of the group into its place, where nobody accepted:
// under shared no connection was answered any more, and no restart mended it.
func TestASocketShutDownByAWorkerTakesNoConnectionWithIt(t *testing.T) {
	t.Parallel()
	for policy, which := range map[Policy]sock.Gate{SchedShared: sock.Common, SchedSpread: sock.Own(0)} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 2, Policy: policy})
			poll(t, "both listen", func() bool { return len(thatListen(c)) == 2 })
			port := c.loop.ledger.order[0].port
			if err := unix.Shutdown(port.FD(which), unix.SHUT_RDWR); err != nil {
				t.Fatal(err)
			}
			said := func() (n int) {
				events, _ := c.Events(0)
				for _, e := range events {
					if d, ok := e.Detail.(ErrorDetail); ok && strings.Contains(d.Text, "has shut down a socket of this address") {
						n++
					}
				}
				return n
			}
			poll(t, "it is said", func() bool { return said() > 0 })
			client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			for range 40 {
				res, err := client.Get("http://" + c.Snapshot().Addresses[0].String())
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if err != nil {
					t.Error(err)
				}
			}
			if n := said(); n != 1 {
				t.Errorf("it was said %d times", n)
			}
		})
	}
}

// A process made the socket blocking that the workers share: a worker that looked for
// a connection there waited in the system call, and with it all its other clients.
func TestASocketMadeBlockingHoldsUpNobody(t *testing.T) {
	t.Parallel()
	c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1, Policy: SchedShared})
	poll(t, "it listens", func() bool { return len(thatListen(c)) == 1 })
	url := "http://" + c.Snapshot().Addresses[0].String()
	kept := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer kept.CloseIdleConnections()
	ask := func(client *http.Client) {
		t.Helper()
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	ask(&kept)
	for range 3 {
		if err := unix.SetNonblock(c.loop.ledger.order[0].port.FD(sock.Common), false); err != nil {
			t.Fatal(err)
		}
		ask(&http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}) // after it the worker looks for the next
		ask(&kept)
	}
	said := 0
	events, _ := c.Events(0)
	for _, e := range events {
		if d, ok := e.Detail.(ErrorDetail); ok && strings.Contains(d.Text, "has made the socket blocking") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("it was said %d times", said)
	}
}
