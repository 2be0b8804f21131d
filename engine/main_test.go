package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/engine/internal/proc"
	"muster/internal/testkit"
	"muster/ipc"
)

// securedEnv has the worker serve by TLS.
const securedEnv = "MUSTER_ENGINE_TEST_TLS"

// helperEnv makes this test binary one of the helper processes below.
const helperEnv = "MUSTER_ENGINE_TEST"

// startsEnv lets a worker start two processes, one in a session of its own.
const startsEnv = "MUSTER_ENGINE_TEST_STARTS"

// helperModes are the helper processes this test binary can be, by the value of
// helperEnv.
var helperModes = map[string]func() int{"starter": startAndWait}

// TestMain lets the test binary be a worker (a cluster without a Command starts
// the binary it runs in) or a helper process; otherwise it runs the tests.
func TestMain(m *testing.M) {
	if how := os.Getenv(floodEnv); how != "" {
		os.Exit(flood(how))
	}
	if mode := os.Getenv(helperEnv); mode != "" {
		run := helperModes[mode]
		if run == nil {
			fmt.Fprintf(os.Stderr, "engine.test: no helper %q\n", mode)
			os.Exit(2)
		}
		os.Exit(run())
	}
	if mode := os.Getenv(rawEnv); mode != "" && os.Getenv(envUniqueID) != "" {
		os.Exit(rawWorker(mode))
	}
	worker, err := Role()
	switch {
	case err != nil:
		fmt.Fprintf(os.Stderr, "engine.test: %v\n", err)
		os.Exit(2)
	case worker && os.Getenv(wildEnv) != "":
		os.Exit(beWild(strings.Fields(os.Getenv(wildEnv))))
	case worker && os.Getenv(speaksEnv) != "":
		os.Exit(speakingWorker())
	case worker && os.Getenv(fullEnv) != "":
		os.Exit(fullWorker())
	case worker:
		os.Exit(serveAsWorker())
	}
	goleak.VerifyTestMain(testkit.Waiting(m))
}

// serveAsWorker is the worker: it answers every request with its id, by HTTP/2
// too, and by TLS if securedEnv is set.
func serveAsWorker() int {
	srv := &http.Server{Protocols: withHTTP2(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "worker %d", Self().ID())
	})}
	if os.Getenv(startsEnv) != "" {
		for _, own := range []bool{false, true} {
			cmd := exec.Command("/bin/sleep", "600")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: own}
			if err := cmd.Start(); err != nil {
				fmt.Fprintf(os.Stderr, "engine.test: worker: %v\n", err)
				return 1
			}
			fmt.Println("helper", cmd.Process.Pid)
		}
		fmt.Println("up")
	}
	network, addr := "tcp", os.Getenv(envAddr)
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	ln, err := Listen(network, addr)
	if name, ok := strings.CutPrefix(addr, "name:"); ok {
		ln, err = listenAtName(name)
	}
	switch {
	case err != nil:
	case os.Getenv(securedEnv) != "":
		srv.TLSConfig, err = selfSigned()
		if err == nil {
			err = ServeTLS(ln, srv, "", "")
		}
	default:
		err = ServeHTTP(ln, srv)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: worker: %v\n", err)
		return 1
	}
	return 0
}

// listenAtName has the primary look the name up, which Listen and Node do
// themselves.
func listenAtName(name string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	return Self().addresses.listenAt("tcp", namedAddr{"tcp", name}, ipc.Query{Address: &host, Port: n, AddressType: "4", FD: -1})
}

// startAndWait is a primary that dies without tidying up: it starts a child
// through a spawner, prints its pid, and waits for the end of its stdin.
func startAndWait() int {
	s := proc.NewSpawner(func(f func()) { go f() }, 1)
	p, err := startOn(s, proc.Spec{
		Path: "/bin/sleep", Argv: []string{"sleep", "60"}, Env: os.Environ(),
		Stdout: os.Stderr, Stderr: os.Stderr, Channel: os.Stderr,
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: %v\n", err)
		return 1
	}
	fmt.Println(p.PID)
	_, _ = io.Copy(io.Discard, os.Stdin)
	p.SignalGroup(syscall.SIGKILL)
	_, _ = p.AwaitEnd()
	_ = p.Reap()
	return 0
}

// helper is the environment of a helper process.
func helper(mode string) []string {
	return mergeEnv(os.Environ(), []string{helperEnv + "=" + mode})
}

// runCluster runs a cluster until the test ends.
func runCluster(t *testing.T, o Options) *Cluster {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }()
	t.Cleanup(func() {
		c.Stop()
		if err := receive(t, ended); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestThisBinaryIsAWorker(t *testing.T) {
	t.Parallel()
	c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1})
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
