//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/testkit"
)

// A program of another module builds without a network, with the sums it has,
// and works.
func TestOtherModule(t *testing.T) {
	t.Parallel()
	bin := filepath.Join(t.TempDir(), "othermodule")
	args := []string{"build", "-mod=readonly", "-o", bin}
	if testkit.Race {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, ".")...)
	build.Dir = filepath.Join("testdata", "othermodule")
	build.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go %s in %s: %v (after a change of go.mod: go mod tidy there)\n%s", strings.Join(build.Args[1:], " "), build.Dir, err, out)
	}
	var stderr strings.Builder
	run := exec.Command(bin)
	run.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil || stderr.Len() > 0 {
		t.Errorf("%v, stderr %s", err, &stderr)
	}
	if run.Process != nil {
		testkit.Check(t, run.Process.Pid)
	}
	if want := "worker 1 says \"good morning\"\n"; string(out) != want {
		t.Errorf("output %q, want %q", out, want)
	}
}
