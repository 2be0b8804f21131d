//go:build linux

package node

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine"
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

// process is a muster that runs. Its log has the events of --json.
type process struct {
	*log
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has been waited for and all its output is here

	mu     sync.Mutex
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// runMuster runs the binary with a command. At the end of the test nothing of
// it is left.
func runMuster(t *testing.T, m muster, command ...string) *process {
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
	p := &process{log: newLog(t), cmd: cmd, exited: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Check(t, cmd.Process.Pid)
	var reading sync.WaitGroup
	reading.Go(func() {
		for r := bufio.NewReader(out); ; {
			b, err := r.ReadBytes('\n')
			p.line(b)
			if err != nil {
				return
			}
		}
	})
	reading.Go(func() {
		for r := bufio.NewReader(stderr); ; {
			b, err := r.ReadBytes('\n')
			p.mu.Lock()
			p.stderr.Write(b)
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	go func() { // awaited by the cleanup
		defer close(p.exited)
		reading.Wait()
		_ = cmd.Wait() // the code is read from ProcessState
		p.log.end()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-p.exited:
		case <-time.After(patience):
			t.Error("muster does not end after SIGTERM")
			_ = cmd.Process.Kill()
			<-p.exited
		}
		keptTheRules(t, p.soFar())
		p.dump()
		if t.Failed() {
			t.Logf("stderr:\n%s", p.errors())
		}
	})
	return p
}

func (p *process) line(b []byte) {
	if len(b) == 0 {
		return
	}
	p.mu.Lock()
	p.stdout.Write(b)
	p.mu.Unlock()
	var e engine.Event
	if json.Unmarshal(b, &e) == nil && e.Seq > 0 {
		p.add(e)
		return
	}
	p.add() // wakes those who wait for text
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%v: %v", s, err)
	}
}

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.t.Fatal("muster does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// text is what it has printed on stdout, errors what on stderr.
func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stdout.String()
}

func (p *process) errors() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// awaitText waits until stdout holds a text n times.
func (p *process) awaitText(n int, text string) {
	p.t.Helper()
	p.await(text, func([]engine.Event) bool { return strings.Count(p.text(), text) >= n })
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
	testkit.Eventually(t, patience, func() bool {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		c.Close()
		return true
	}, "nobody listens at "+addr)
}
