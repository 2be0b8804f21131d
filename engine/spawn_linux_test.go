package engine

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/engine/internal/proc"
	"muster/internal/testkit"

	"golang.org/x/sys/unix"
)

// child is a process started through a spawner, and what it writes.
type child struct {
	*proc.Process
	out   *os.File
	ended chan *ExitDetail // gets its end
}

// spawn starts a shell command. It is killed with the test, its group too.
func spawn(t *testing.T, s *proc.Spawner, script string) *child {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p, err := startOn(s, proc.Spec{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Env: os.Environ(), Stdout: w, Stderr: w, Channel: w})
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Process: p, out: r, ended: make(chan *ExitDetail, 1)}
	var waiter sync.WaitGroup
	waiter.Go(func() {
		exit, err := p.AwaitEnd()
		if err := errors.Join(err, p.Reap()); err != nil {
			t.Errorf("its end: %v", err)
		}
		c.ended <- exitDetail(exit)
	})
	t.Cleanup(func() {
		p.SignalGroup(syscall.SIGKILL)
		waiter.Wait()
		r.Close()
	})
	return c
}

// line reads a number the child prints.
func (c *child) line(t *testing.T) int {
	t.Helper()
	_ = c.out.SetReadDeadline(time.Now().Add(10 * time.Second))
	s, err := bufio.NewReader(c.out).ReadString('\n')
	if err != nil {
		t.Fatalf("the child says %q: %v", s, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func testSpawner(t *testing.T) *proc.Spawner {
	var ended sync.WaitGroup
	s := proc.NewSpawner(ended.Go, 1)
	t.Cleanup(func() {
		s.Close()
		ended.Wait()
	})
	return s
}

// stateOf is the letter of a process's state, 0 if there is no such process.
func stateOf(pid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	i := bytes.LastIndexByte(b, ')')
	if err != nil || i < 0 || i+2 >= len(b) {
		return 0
	}
	return b[i+2]
}

// dead tells whether a process has ended. One whose parent has gone may wait
// for somebody to reap it.
func dead(pid int) bool {
	s := stateOf(pid)
	return s == 0 || s == 'Z' || s == 'X'
}

func openFDs(t *testing.T) int {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(dir)
}

func TestExitOfAChild(t *testing.T) {
	s := testSpawner(t)
	for _, c := range []struct{ script, how string }{
		{"exit 0", "code 0"},
		{"exit 7", "code 7"},
		{"kill -TERM $$", "SIGTERM"},
		{"kill -KILL $$", "SIGKILL"},
	} {
		p := spawn(t, s, c.script)
		if got := receive(t, p.ended).String(); got != c.how {
			t.Errorf("%s: %s, want %s", c.script, got, c.how)
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("a signal after its end: %v", err)
		}
		p.SignalGroup(syscall.SIGKILL) // nor does this harm anybody
	}
}

// A stopped child has not ended.
func TestWaitDoesNotMindAStop(t *testing.T) {
	p := spawn(t, testSpawner(t), "exec sleep 60")
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	poll(t, "the child is stopped", func() bool { return stateOf(p.PID) == 'T' })
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	poll(t, "the child goes on", func() bool { return stateOf(p.PID) == 'S' })
	select {
	case state := <-p.ended:
		t.Fatalf("wait says %v", state)
	default:
	}
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if how := receive(t, p.ended).String(); how != "SIGTERM" {
		t.Errorf("it ended by %s", how)
	}
}

// Waiting is by pidfd, in the runtime's poller: a worker costs no thread.
func TestWaitingCostsNoThread(t *testing.T) {
	const n = 24
	s := testSpawner(t)
	before := threads(t)
	for range n {
		spawn(t, s, "exec sleep 60")
	}
	poll(t, "all are waited for", func() bool {
		dir, _ := os.ReadDir("/proc/self/fd")
		pidfds := 0
		for _, e := range dir {
			if to, _ := os.Readlink("/proc/self/fd/" + e.Name()); to == "anon_inode:[pidfd]" || strings.HasPrefix(to, "pidfd:") {
				pidfds++
			}
		}
		return pidfds >= 2*n // os.Process has one too
	})
	if more := threads(t) - before; more > n/2 {
		t.Errorf("%d threads more for %d children", more, n)
	}
}

func threads(t *testing.T) int {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(dir)
}

func TestGroupKillTakesGrandchildren(t *testing.T) {
	p := spawn(t, testSpawner(t), "sleep 60 & echo $!; wait")
	grandchild := p.line(t)
	if g, err := unix.Getpgid(grandchild); err != nil || g != p.PID {
		t.Fatalf("the grandchild is in group %d (%v), the child is %d", g, err, p.PID)
	}
	p.SignalGroup(syscall.SIGKILL)
	if how := receive(t, p.ended).String(); how != "SIGKILL" {
		t.Errorf("it ended by %s", how)
	}
	poll(t, "the grandchild is dead", func() bool { return dead(grandchild) })
}

// A signal is for the worker alone.
func TestSignalLeavesGrandchildren(t *testing.T) {
	p := spawn(t, testSpawner(t), "sleep 60 >/dev/null 2>&1 3>&1 & echo $!; wait")
	grandchild := p.line(t)
	defer func() { _ = unix.Kill(grandchild, unix.SIGKILL) }() // its parent holds the number until it is reaped
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	receive(t, p.ended)
	if dead(grandchild) {
		t.Error("the grandchild died with it")
	}
}

func TestKillAll(t *testing.T) {
	s := testSpawner(t)
	var set proc.Set
	f := &family{self: os.Getpid(), token: newToken(), procs: &set}
	f.killAll() // of nobody
	var waiters sync.WaitGroup
	var pids []int
	for range 3 {
		p, err := startOn(s, proc.Spec{Path: "/bin/sleep", Argv: []string{"sleep", "60"}, Stdout: os.Stderr, Stderr: os.Stderr, Channel: os.Stderr})
		if err != nil {
			t.Fatal(err)
		}
		set.Add(p)
		pids = append(pids, p.PID)
		waiters.Go(func() {
			_, _ = p.AwaitEnd()
			_ = p.Reap()
			set.Remove(p)
			set.Remove(p)
		})
	}
	start := time.Now()
	f.killAll()
	if took := time.Since(start); took >= 5*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, pid := range pids {
		if stateOf(pid) != 0 {
			t.Errorf("%d is not reaped", pid)
		}
	}
	waiters.Wait()
}

// The kernel ends a child when the primary dies, however it dies.
func TestChildDiesWithThePrimary(t *testing.T) {
	exe, err := proc.SelfExe()
	if err != nil {
		t.Fatal(err)
	}
	primary := exec.Command(exe)
	primary.Env = helper("starter")
	primary.Stderr = os.Stderr
	in, err := primary.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := primary.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := primary.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	pid, convErr := strconv.Atoi(strings.TrimSpace(said))
	if err != nil || convErr != nil || dead(pid) {
		_ = primary.Process.Kill()
		_ = primary.Wait()
		t.Fatalf("the helper says %q: %v, %v", said, err, convErr)
	}
	_ = primary.Process.Kill()
	killed := time.Now()
	_ = primary.Wait()
	poll(t, "the child is dead", func() bool { return dead(pid) })
	if took := time.Since(killed); took > time.Second {
		t.Errorf("the child lived for %v", took)
	}
}

// PR_SET_PDEATHSIG fires when the forking THREAD ends. So children must not
// hang on the thread of whoever asked for them, and do hang on the spawner's.
func TestChildHangsOnTheSpawnersThread(t *testing.T) {
	var spawnerEnded sync.WaitGroup
	s := proc.NewSpawner(spawnerEnded.Go, 1)
	started := make(chan *child, 1)
	threadID := make(chan int, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		threadID <- unix.Gettid()
		started <- spawn(t, s, "exec sleep 60")
	}()
	tid := receive(t, threadID)
	p := receive(t, started)
	poll(t, "the thread that asked for it has ended", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid))
		return errors.Is(err, fs.ErrNotExist) || tid == os.Getpid() // the main one stays
	})
	select {
	case state := <-p.ended:
		t.Fatalf("the child ended with the thread that asked for it: %v", state)
	default:
	}
	s.Close()
	spawnerEnded.Wait()
	if how := receive(t, p.ended).String(); how != "SIGKILL" {
		t.Errorf("the child ended by %s", how)
	}
}

// What a worker has: stdin is /dev/null, two pipes, its channel. Nothing else.
func TestDescriptorsOfAChild(t *testing.T) {
	stray, err := unix.Dup(int(os.Stderr.Fd())) // as a shell may leave one: not close-on-exec
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(stray)
	proc.CloseOnExecAll()
	if fl, err := unix.FcntlInt(uintptr(stray), unix.F_GETFD, 0); err != nil || fl&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags of a stray descriptor: %#x, %v", fl, err)
	}
	p := spawn(t, testSpawner(t), `readlink /proc/$$/fd/0; cd /proc/$$/fd; echo *`)
	b, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) != 2 || lines[0] != "/dev/null" {
		t.Fatalf("the child says %q", b)
	}
	fds := strings.Fields(lines[1])
	// The shell opens the directory it lists, at the lowest free number.
	fds = slices.DeleteFunc(fds, func(s string) bool { return s == "4" })
	if !slices.Equal(fds, []string{"0", "1", "2", "3"}) {
		t.Errorf("descriptors %v", fds)
	}
	fl, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_GETFD, 0)
	if err != nil || fl&unix.FD_CLOEXEC != 0 {
		t.Errorf("flags of Stderr: %#x, %v", fl, err)
	}
}

func TestSpawnFailsClean(t *testing.T) {
	s := testSpawner(t)
	notExecutable := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(notExecutable, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := openFDs(t)
	for path, want := range map[string]error{
		"/no/such/program": unix.ENOENT, notExecutable: unix.EACCES, "/": unix.EACCES,
	} {
		p, err := startOn(s, proc.Spec{Path: path, Argv: []string{"x"}, Stdout: os.Stderr, Stderr: os.Stderr, Channel: os.Stderr})
		if p != nil || !errors.Is(err, want) {
			t.Errorf("%s: %v, %v; want %v", path, p, err, want)
		}
	}
	if n := openFDs(t); n != before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

func TestSpawnLeaksNoDescriptor(t *testing.T) {
	s := testSpawner(t)
	one := func() {
		p, err := startOn(s, proc.Spec{Path: "/bin/true", Argv: []string{"true"}, Stdout: os.Stderr, Stderr: os.Stderr, Channel: os.Stderr})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.AwaitEnd(); err != nil {
			t.Error(err)
		}
		if err := p.Reap(); err != nil {
			t.Error(err)
		}
	}
	one()
	before := openFDs(t)
	for range 10 {
		one()
	}
	if n := openFDs(t); n > before {
		t.Errorf("%d descriptors, %d before", n, before)
	}
}

// TestThePrimaryKeepsOnlyItsEndsOfAWorker: the other ends are the worker's alone,
// or its channel and its output would not end with it.
func TestThePrimaryKeepsOnlyItsEndsOfAWorker(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))                            // which closes what is forgotten
	c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1, NoGuard: true}) // a guard has a socket of ours too, when it comes
	poll(t, "it listens", func() bool { w := c.Worker(1); return w != nil && w.State() == StateListening })
	open := func() (now map[string]int) { // twice the same: a look at the system's sockets has one for a moment
		poll(t, "as many descriptors as before", func() bool {
			last := now
			now = testkit.OpenKinds(os.Getpid())
			return maps.Equal(last, now)
		})
		return now
	}
	before := open()
	const more = 4
	for range more {
		w, err := c.Fork()
		if err != nil {
			t.Fatal(err)
		}
		poll(t, "it listens", func() bool { return w.State() == StateListening })
	}
	after := open()
	if pipes, sockets := after["pipe"]-before["pipe"], after["socket"]-before["socket"]; pipes != 2*more || sockets != more {
		t.Errorf("%d more workers are %d more pipes and %d more sockets (%v, %v)", more, pipes, sockets, before, after)
	}
}
