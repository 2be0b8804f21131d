package testkit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// WithBinary builds muster for tests (-tags mustertest, and -race if the tests
// run under it), puts the path of the binary into *path, runs the tests and
// removes it. Processes end at once: see EndAtOnce. WithBinary is for TestMain
// and returns the exit code.
func WithBinary(m *testing.M, path *string) int {
	dir, err := os.MkdirTemp("", "muster-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	*path = filepath.Join(dir, "m")
	args := []string{"build", "-tags", "mustertest", "-o", *path}
	if Race {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "muster")...).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building muster: %v\n%s", err, out)
		return 1
	}
	EndAtOnce()
	return m.Run()
}
