//go:build linux

package checks

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"muster/engine"
	"muster/engine/demo"
)

// patience is how long a test waits for what must happen. It is no bound that
// is checked: those stand in the tests.
const patience = 30 * time.Second

// muster is the path of the binary under test, built by TestMain.
var muster string

// TestMain lets this binary be a primary and the workers of that primary, and
// otherwise builds muster before the tests.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case worker:
		os.Exit(demo.Run())
	case os.Getenv(primaryEnv) != "":
		os.Exit(runPrimary(os.Getenv(primaryEnv), os.Stdin, os.Stdout))
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "muster-checks")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	muster = filepath.Join(dir, "m")
	args := []string{"build", "-tags", "mustertest", "-o", muster}
	if raceOn {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "muster")...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building muster: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}
