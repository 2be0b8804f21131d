package parity

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

// privilegedPort is one that only a privileged user may bind, mostly.
const privilegedPort = 42

// closedEnv names a directory the user of the test may not enter. It is set in
// a test that root has started again as nobody.
const closedEnv = "MUSTER_PARITY_CLOSED"

// With round robin the primary binds, and is not allowed to: the worker's
// listen gets EACCES, the primary goes on, and the worker ends in good order.
// Root may bind anything, so the test runs as another user; and where every port is
// free for all, a path in a directory that is closed to that user must do.
func TestBindPrivilegedPort(t *testing.T) { bindsForbidden(t, engine.SchedRR) }

// The same with the shared policy, where it is still the primary that binds.
func TestSharedHandleBindPrivilegedPort(t *testing.T) { bindsForbidden(t, engine.SchedNone) }

func bindsForbidden(t *testing.T, p engine.Policy) {
	asNobody(t, func(closed string) {
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-server")
		forbidden := []portOrder{{Do: "listen", Network: "unix", Address: filepath.Join(closed, "a.sock")}}
		if privilegedPort < firstFreePort(t) {
			forbidden = append(forbidden, portOrder{Do: "listen", Network: "tcp", Address: "127.0.0.1:" + strconv.Itoa(privilegedPort)})
		}
		for _, o := range forbidden {
			if r := w.tell(o); r.Errno != "EACCES" || !strings.Contains(r.Error, o.Address) {
				t.Errorf("listen on %s: %+v; want EACCES, with the address in the text", o.Address, r)
			}
		}
		answersID(t, "tcp", w.listens("tcp", "127.0.0.1:0"), w)
		w.leaves()
	})
}

// firstFreePort is the first port that everybody may bind.
func firstFreePort(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if errors.Is(err, os.ErrNotExist) { // not Linux, or an old one
		return 1024
	}
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// asNobody runs f without root's rights, in this process or in another one that
// runs the same test. f gets a directory it may not enter.
func asNobody(t *testing.T, f func(closed string)) {
	if closed := os.Getenv(closedEnv); closed != "" {
		f(closed)
		return
	}
	closed := filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		f(closed)
		return
	}
	const nobody = 65534
	// By /proc: nobody may not enter the directory the test's binary lies in.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), closedEnv+"="+closed)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("this root cannot become another user: %v", err)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as user %d: %v\n%s", nobody, err, out)
	}
}
