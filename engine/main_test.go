package engine

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// helperEnv makes this test binary one of the helper processes below.
const helperEnv = "MUSTER_ENGINE_TEST"

// TestMain lets the test binary be a worker (a cluster without a Command starts
// the binary it runs in) or a helper process; otherwise it runs the tests.
func TestMain(m *testing.M) {
	worker, err := Role()
	switch mode := os.Getenv(helperEnv); {
	case err != nil:
		fmt.Fprintf(os.Stderr, "engine.test: %v\n", err)
		os.Exit(2)
	case worker:
		os.Exit(serveAsWorker())
	case mode == "starter":
		os.Exit(startAndWait())
	case mode != "":
		fmt.Fprintf(os.Stderr, "engine.test: no helper %q\n", mode)
		os.Exit(2)
	}
	goleak.VerifyTestMain(m)
}

// serveAsWorker is the worker: it answers every request with its id.
func serveAsWorker() int {
	ln, err := Listen("tcp", os.Getenv(envAddr))
	if err == nil {
		err = ServeHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "worker %d", Self().ID())
		})})
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: worker: %v\n", err)
		return 1
	}
	return 0
}

// startAndWait is a primary that dies without tidying up: it starts a child
// through a spawner, prints its pid, and waits for the end of its stdin.
func startAndWait() int {
	s := newSpawner(func(f func()) { go f() })
	p, err := s.start(spawnSpec{
		path: "/bin/sleep", argv: []string{"sleep", "60"}, env: os.Environ(),
		stdout: os.Stderr, stderr: os.Stderr, chanFD: os.Stderr,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: %v\n", err)
		return 1
	}
	fmt.Println(p.pid)
	_, _ = io.Copy(io.Discard, os.Stdin)
	p.killGroup()
	_, _ = p.wait()
	return 0
}

// helper is the environment of a helper process.
func helper(mode string) []string {
	return mergeEnv(os.Environ(), []string{helperEnv + "=" + mode})
}

func TestThisBinaryIsAWorker(t *testing.T) {
	c, err := New(Options{Addr: "127.0.0.1:0", Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	defer func() {
		stop()
		if err := receive(t, ended); err != nil {
			t.Error(err)
		}
	}()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + c.Snapshot().Addresses[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || string(b) != "worker 1" {
		t.Errorf("answer %q, %v", b, err)
	}
	var kinds []string
	ev, _ := c.Events(0)
	for _, e := range ev {
		kinds = append(kinds, string(e.Kind))
	}
	if got := strings.Join(kinds, " "); !strings.HasPrefix(got, "setup fork online listening") {
		t.Errorf("events: %s", got)
	}
}
