//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/engine"
	"muster/internal/testkit"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(plainEnv); addr != "" {
		os.Exit(servePlain(addr))
	}
	os.Exit(m.Run())
}

// What a connection costs under each policy, without a cluster, and of nginx.
func TestSmokeCPU(t *testing.T) {
	if testing.Short() || testkit.Race { // the servers are other processes, without the detector
		t.Skip("it builds muster and runs three clusters")
	}
	t.Cleanup(func() { goleak.VerifyNone(t) })
	ours := temporary(t)
	var out, errs bytes.Buffer
	code := run(t.Context(), strings.Fields("cpu --client load --seconds 0.3 --rounds 1 --verbose"), &out, &errs)
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), errs.String())
	}
	for _, want := range []string{"shared / net/http", "the same, spread", "of this the primary, rr", "for scale, nginx", "net/http alone uses "} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if raw := regexp.MustCompile(`(?m)^  round 1: net/http \d+/s, \d.* µs \(primary 0.00\) shared \d+/s, `); !raw.Match(out.Bytes()) {
		t.Errorf("no round, or requests failed, in\n%s", out.String())
	}
	ours.nothingLeft(t)
}

// A whole run of one measurement, as short as it can be.
func TestSmoke(t *testing.T) {
	if testing.Short() || testkit.Race { // as above
		t.Skip("it builds muster and runs two clusters")
	}
	t.Cleanup(func() { goleak.VerifyNone(t) })
	ours := temporary(t)
	var out, errs bytes.Buffer
	code := run(t.Context(), strings.Fields("rr-shared --seconds 0.2 --rounds 1 --verbose"), &out, &errs)
	if code != 0 {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), errs.String())
	}
	row := regexp.MustCompile("(?m)^\\| requests/s, rr / shared.*\\| \\d+\\.\\d\\d \\| at least 0.7 \\| (yes|no) \\| `go run ./bench rr-shared --seconds 0.2 --rounds 1` \\|$")
	if !row.Match(out.Bytes()) {
		t.Errorf("no row of the measurement in\n%s", out.String())
	}
	raw := regexp.MustCompile(`(?m)^  round 1: rr \d+/s, shared \d+/s, ratio \d`)
	if !raw.Match(out.Bytes()) {
		t.Errorf("no round, or requests failed, in\n%s", out.String())
	}
	ours.nothingLeft(t)
}

// The same program under Node's cluster and under muster run, in both policies
// and with both kinds of connections.
func TestSmokeNode(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds muster and runs six clusters")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node on PATH")
	}
	t.Cleanup(func() { goleak.VerifyNone(t) })
	ours := temporary(t)
	runtime.LockOSThread() // as run does
	defer runtime.UnlockOSThread()
	s := &suite{progress: io.Discard}
	if _, err := s.parse(strings.Fields("node --client load --seconds 0.1 --rounds 1"), s.measurements(), io.Discard); err != nil {
		t.Fatal(err)
	}
	end, err := s.prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		p     engine.Policy
		loads []reuse
		raw   []string
	}{
		{engine.SchedRR, []reuse{perRequest, kept}, []string{"rr, a connection each, round 1: muster run ", "rr, connections kept, round 1: muster run "}},
		{engine.SchedNone, []reuse{kept}, []string{"shared, connections kept, round 1: muster run "}},
	} {
		res, err := s.nodeRatios(t.Context(), node, c.p, c.loads...)
		if err != nil {
			t.Errorf("%v: %v", c.p, err)
			continue
		}
		if len(res.Values) != len(c.loads) || len(res.Raw) != len(c.raw) || len(res.Notes) > 0 {
			t.Errorf("%v: %+v", c.p, res)
			continue
		}
		for i, want := range c.raw {
			if !strings.HasPrefix(res.Raw[i], want) || res.Values[i].Median <= 0 {
				t.Errorf("%v: %q and %v, want %q", c.p, res.Raw[i], res.Values[i], want)
			}
		}
	}
	if res, err := s.nodeMemory(t.Context(), node, 1); err != nil || len(res.Values) != 1 || res.Values[0].Median < 1 {
		t.Errorf("memory: %+v, %v", res, err)
	}
	end()
	ours.nothingLeft(t)
}

// Ctrl+C in the middle of a round leaves nothing.
func TestInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds muster and runs two clusters")
	}
	t.Cleanup(func() { goleak.VerifyNone(t) })
	ours := temporary(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	errs := &until{text: "round 1 of 1", found: interrupt}
	var out bytes.Buffer
	began := time.Now()
	code := run(ctx, strings.Fields("rr-shared replace --client load --seconds 600 --rounds 1"), &out, errs)
	if code != exitInterrupted {
		t.Errorf("exit code %d\n%s\n%s", code, out.String(), errs.seen.String())
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if out.Len() > 0 {
		t.Errorf("a report of nothing:\n%s", out.String())
	}
	if strings.Contains(errs.seen.String(), "bench: replace") {
		t.Error("it went on to the next measurement")
	}
	ours.nothingLeft(t)
}

// until calls found when it has been written text.
type until struct {
	text  string
	found func()
	seen  bytes.Buffer
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.seen.Write(b)
	if strings.Contains(u.seen.String(), u.text) {
		u.found()
	}
	return n, err
}

// tempDir is where all temporary files of a run are, its binary too.
type tempDir string

func temporary(t *testing.T) tempDir {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return tempDir(dir)
}

// nothingLeft looks for files, and for processes of the run's binary.
func (d tempDir) nothingLeft(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(string(d))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left", f.Name())
	}
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil || len(exes) == 0 {
		t.Fatalf("no processes to be seen: %v", err)
	}
	for _, exe := range exes {
		if to, err := os.Readlink(exe); err == nil && strings.HasPrefix(to, string(d)) {
			t.Errorf("%s is left and runs %s", exe, to)
		}
	}
}
