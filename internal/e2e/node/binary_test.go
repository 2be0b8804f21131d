//go:build linux

package node

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// muster is how the binary is run.
type muster struct {
	args  []string // before --; nil = --json
	env   []string
	dir   string     // "" = programs
	uid   uint32     // 0 = ours
	files []*os.File // inherited as 3 and up
	limit int        // ulimit -n; 0 = ours
}

// runMuster runs the binary with a command. At the end of the test nothing of
// it is left.
func runMuster(t *testing.T, m muster, command ...string) *kit.Process {
	t.Helper()
	if m.args == nil {
		m.args = []string{"--json", "--workers", "2"}
	}
	cmd := exec.Command(binary(t), append(append(append([]string{"run"}, m.args...), "--"), command...)...)
	if m.limit > 0 {
		cmd = exec.Command("sh", append([]string{"-c", `ulimit -n "$0" && exec "$@"`, strconv.Itoa(m.limit)}, cmd.Args...)...)
	}
	cmd.Dir = m.dir
	if cmd.Dir == "" {
		cmd.Dir = programs
	}
	cmd.Env = append(os.Environ(), m.env...)
	cmd.ExtraFiles = m.files
	if m.uid != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: m.uid, Gid: m.uid}}
	}
	var p *kit.Process
	t.Cleanup(func() { // after the process has been ended
		if p != nil {
			kit.CheckLives(t, p.SoFar(), true)
		}
	})
	p = kit.Start(t, cmd, nil)
	return p
}

// script writes files into a new directory that everybody may read.
func script(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// waitServed waits until somebody answers at an address.
func waitServed(t *testing.T, addr string) {
	t.Helper()
	testkit.Eventually(t, kit.Patience, func() bool {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		c.Close()
		return true
	}, "nobody listens at "+addr)
}
