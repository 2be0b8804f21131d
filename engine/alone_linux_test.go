package engine

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// aloneEnv names the test that a process was started for.
const aloneEnv = "MUSTER_ENGINE_TEST_ALONE"

// alone has a test run in a process of its own, at the same time as others, and
// fails with it; it tells whether this is that process. It is for clusters that
// adopt all orphans (AdoptAll): those of every test beside would be among them.
func alone(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneEnv) == t.Name() {
		return true
	}
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), aloneEnv+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()+" ") {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}
