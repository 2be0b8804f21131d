//go:build linux

package node

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"muster/internal/testkit"
)

// programs is where the Node programs are, seed where the lesson's is.
var (
	programs = absolute("../../../testdata/node")
	seed     = absolute("../../../testdata/seed/cluster.js")
)

func absolute(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		panic(err) // there is no working directory
	}
	return abs
}

// built holds the binary under test, made when the first test needs it.
var built struct {
	sync.Once
	dir, muster string
	err         error
}

func TestMain(m *testing.M) {
	if _, err := exec.LookPath("node"); err != nil {
		fmt.Println("node: no node on PATH: the tests with Node programs are skipped")
	}
	flag.Parse()
	// The tests mostly wait, for rules of seconds: more at once than processors.
	if p := flag.Lookup("test.parallel"); p.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		if err := p.Value.Set(strconv.Itoa(3 * runtime.GOMAXPROCS(0))); err != nil {
			panic(err) // it is a number
		}
	}
	code := m.Run()
	if built.dir != "" {
		if err := os.RemoveAll(built.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if left := testkit.WithPrimary(os.Getpid()); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "node: workers %v are left\n", left)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintf(os.Stderr, "node: %v\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

// needNode skips the test where there is no node, and returns its path.
func needNode(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node on PATH")
	}
	return path
}

// nodeMajor is 20 for v20.20.2.
var nodeMajor = sync.OnceValues(func() (int, error) {
	out, err := exec.Command("node", "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("node --version: %w", err)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(string(out), "v"), ".")
	return strconv.Atoi(first)
})

func major(t *testing.T) int {
	t.Helper()
	needNode(t)
	n, err := nodeMajor()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// packages installs what programs need from npm, unless it is there. The copy
// of the lock file is the mark of an installation that is complete and of these
// versions.
var packages = sync.OnceValue(func() error {
	lock, err := os.ReadFile(filepath.Join(programs, "package-lock.json"))
	if err != nil {
		return err
	}
	mark := filepath.Join(programs, "node_modules", ".installed-lock.json")
	if have, err := os.ReadFile(mark); err == nil && bytes.Equal(have, lock) {
		return nil
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = programs
	npm.WaitDelay = time.Second
	timer := time.AfterFunc(3*time.Minute, func() { _ = npm.Process.Kill() })
	defer timer.Stop()
	if out, err := npm.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("npm ci: %w: %s", err, first)
	}
	return os.WriteFile(mark, lock, 0o644)
})

// needPackages skips the test where the npm packages cannot be had.
func needPackages(t *testing.T) {
	t.Helper()
	needNode(t)
	if err := packages(); err != nil {
		t.Skipf("the npm packages are not to be had: %v", err)
	}
}

// binary is the path of muster, built once. A test of it is skipped under the race
// detector: muster is another process then, and has none.
func binary(t *testing.T) string {
	t.Helper()
	if testkit.Race {
		t.Skip("muster has no detector here; the run without it has this test")
	}
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "muster-e2e"); built.err != nil {
			return
		}
		// One test runs it as another user.
		if built.err = os.Chmod(built.dir, 0o755); built.err != nil {
			return
		}
		built.muster = filepath.Join(built.dir, "m")
		out, err := exec.Command("go", "build", "-o", built.muster, "muster").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("building muster: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.muster
}
