package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/testkit"
)

// fullEnv has worker 1 serve with no descriptor left, until it gets a message;
// worker 3 try to listen with none.
const fullEnv = "MUSTER_ENGINE_TEST_FULL"

func fullWorker() int {
	var filler []*os.File
	fill := func(left int) {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 80, Max: 80})
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			filler = append(filler, f)
		}
		for range left {
			filler[0].Close()
			filler = filler[1:]
		}
	}
	empty := func() {
		for _, f := range filler {
			f.Close()
		}
		filler = nil
	}
	c := Self()
	if c.ID() == 3 {
		fill(0)
		_, err := Listen("tcp", os.Getenv(envAddr))
		fmt.Println("EMFILE:", errors.Is(err, syscall.EMFILE), err)
		empty()
	}
	ln, err := Listen("tcp", os.Getenv(envAddr))
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: worker: %v\n", err)
		return 1
	}
	if c.ID() == 1 {
		fill(0)
		fmt.Println("full")
		c.OnMessage(func(Message) { empty() })
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, c.ID()) })}
	if err := ServeHTTP(ln, srv); err != nil {
		return 1
	}
	return 0
}

// A Go worker at its descriptor limit said yes to a connection and lost it: the
// client was reset. Now others have it, and the log says why.
func TestConnectionsOfAWorkerOutOfDescriptors(t *testing.T) {
	for name, policy := range map[string]Policy{"rr": SchedRR, "shared": SchedNone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := runCluster(t, Options{
				Addr: "127.0.0.1:0", Workers: 3, Policy: policy, WorkerProcs: 1,
				Settings: Settings{Env: []string{fullEnv + "=1"}},
			})
			events := func(k Kind, worker int) (found []Event) {
				all, _ := c.Events(0)
				for _, e := range all {
					if e.Kind == k && e.Worker == worker {
						found = append(found, e)
					}
				}
				return found
			}
			await := func(what string, ok func() bool) {
				t.Helper()
				testkit.Eventually(t, 30*time.Second, ok, what)
			}
			for id := 1; id <= 3; id++ {
				await(fmt.Sprintf("worker %d listens", id), func() bool { return len(events(KindListening, id)) > 0 })
			}
			await("worker 1 is full", func() bool { return len(events(KindOutput, 1)) > 0 })
			// It heard why it could not, at once, and so did we.
			if out := fmt.Sprint(events(KindOutput, 3)[0].Detail); !strings.Contains(out, "EMFILE: true") {
				t.Errorf("worker 3 says %s", out)
			}
			errs := events(KindError, 3)
			if len(errs) != 1 || !strings.Contains(errs[0].Detail.(ErrorDetail).Text, "could not take the socket of 127.0.0.1:") {
				t.Errorf("of worker 3 it is said: %v", errs)
			}
			client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			addr := "http://" + c.Snapshot().Addresses[0].String()
			get := func() (string, error) {
				res, err := client.Get(addr)
				if err != nil {
					return "", err
				}
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				return string(b), err
			}
			said := func() []Event { return events(KindError, 1) }
			if testkit.Within(500*time.Millisecond, func() bool { return len(said()) > 0 }) {
				t.Errorf("no connection waits, and it is said: %v", said())
			}
			// Until it is said, as in shared the kernel chooses; and then some.
			for more := 20; more > 0; {
				if who, err := get(); err != nil || who != "2" && who != "3" {
					t.Fatalf("answered by %q, %v", who, err)
				}
				if len(said()) > 0 {
					more--
				}
			}
			d := said()[0].Detail.(ErrorDetail)
			if len(said()) != 1 || d.Errno != "EMFILE" || !strings.Contains(d.Text, "worker 1 could not take a connection: too many open files") {
				t.Errorf("it is said: %v", said())
			}
			// Now nobody else is there: who comes waits.
			for id := 2; id <= 3; id++ {
				if _, err := c.Do(context.Background(), Command{Op: OpDisconnect, Worker: id}); err != nil {
					t.Fatal(err)
				}
				await("it has left", func() bool { return len(events(KindExit, id)) > 0 })
			}
			who := make(chan string, 1)
			go func() { // ends with the answer
				w, err := get()
				who <- fmt.Sprint(w, err)
			}()
			refused := c.Snapshot().Refused
			if policy == SchedRR {
				await("it refuses", func() bool { return c.Snapshot().Refused > refused+1 })
			} else {
				never(t, who, "somebody answered")
			}
			if _, err := c.Do(context.Background(), Command{Op: OpSend, Worker: 1, Message: []byte("1")}); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, who); got != "1<nil>" && got != "1 <nil>" {
				t.Errorf("answered by %s", got)
			}
			if n := c.Snapshot().Lost; n > 0 {
				t.Errorf("%d lost", n)
			}
		})
	}
}
