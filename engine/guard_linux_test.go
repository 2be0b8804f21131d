package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/proc"
)

// guardedEnv says what the helper process "guarded" is to be.
const guardedEnv = "MUSTER_ENGINE_TEST_GUARDED"

// guarded is the part of Options that helper has.
type guarded struct {
	NoGuard, KeepChildren bool
	Adopt                 Adoption
}

func init() {
	helperModes["guarded"], helperModes["deaf"] = runGuarded, stayDeaf
	if os.Getenv(helperEnv) == "deaf" {
		// What a change of the user does. Here, because it is the main thread's.
		_ = unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0)
	}
}

// stayDeaf is a worker that starts two processes, one in a session of its own, says
// the numbers and never looks at its channel.
func stayDeaf() int {
	fmt.Println("worker", os.Getpid())
	for name, own := range map[string]bool{"helper": false, "daemon": true} {
		cmd := exec.Command("/bin/sleep", "600")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: own}
		if err := cmd.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(name, cmd.Process.Pid)
	}
	for {
		_ = unix.Pause()
	}
}

// runGuarded is a primary of such a worker; it ends with its stdin.
func runGuarded() int {
	var g guarded
	if err := json.Unmarshal([]byte(os.Getenv(guardedEnv)), &g); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c, err := New(Options{
		Workers: 1, NoGuard: g.NoGuard, KeepChildren: g.KeepChildren, Adopt: g.Adopt, WorkerProcs: 2,
		Settings: Settings{Args: []string{}, Env: []string{helperEnv + "=deaf"}, Stdio: []Stdio{StdioIgnore, StdioInherit, StdioInherit}},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// After New, so that it is inherited.
	if _, err := unix.Open("/dev/zero", unix.O_RDONLY, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		c.Close()
	}()
	if err := c.Run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	left, _ := childrenOf(os.Getpid())
	fmt.Println("left", len(left))
	return 0
}

// guardedPrimary is that process, seen from the test.
type guardedPrimary struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	out   *bufio.Scanner

	worker, helper, daemon int
}

func startGuarded(t *testing.T, g guarded) *guardedPrimary {
	t.Helper()
	config, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(helper("guarded"), guardedEnv+"="+string(config))
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	w.Close()
	if err != nil {
		r.Close()
		t.Fatal(err)
	}
	_ = r.SetReadDeadline(time.Now().Add(30 * time.Second))
	p := &guardedPrimary{t: t, cmd: cmd, stdin: in, out: bufio.NewScanner(r)}
	t.Cleanup(func() {
		p.kill()
		for _, pid := range []int{p.worker, p.helper, p.daemon} {
			if pid > 0 && !dead(pid) {
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
		r.Close()
	})
	p.worker, p.helper, p.daemon = p.number("worker"), 0, 0
	for range 2 {
		name, pid := p.line()
		if name == "helper" {
			p.helper = pid
		} else {
			p.daemon = pid
		}
	}
	return p
}

func (p *guardedPrimary) line() (name string, n int) {
	p.t.Helper()
	if !p.out.Scan() {
		p.t.Fatalf("the primary's output has ended: %v", p.out.Err())
	}
	name, number, _ := strings.Cut(p.out.Text(), " ")
	n, err := strconv.Atoi(number)
	if err != nil {
		p.t.Fatalf("the primary says %q", p.out.Text())
	}
	return name, n
}

func (p *guardedPrimary) number(of string) int {
	p.t.Helper()
	name, n := p.line()
	if name != of {
		p.t.Fatalf("it says %q, want %q", p.out.Text(), of)
	}
	return n
}

// kill is kill -9; it waits until the process has gone.
func (p *guardedPrimary) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.stdin.Close()
}

// guard waits for a guard other than one and returns its process.
func (p *guardedPrimary) guard(other int) (pid int) {
	p.t.Helper()
	want := fmt.Sprintf(": guard of %d", p.cmd.Process.Pid)
	poll(p.t, "there is a guard", func() bool {
		children, _ := childrenOf(p.cmd.Process.Pid)
		for _, pid = range children {
			b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			if pid != other && strings.HasSuffix(strings.TrimRight(string(b), "\x00"), want) {
				return true
			}
		}
		return false
	})
	return pid
}

// told waits until a guard knows the worker. It has open what it needs, and
// nothing else.
func (p *guardedPrimary) told(guard int) {
	p.t.Helper()
	pidfd := func(pid int) string { return fmt.Sprintf("pidfd of %d", pid) }
	want := []string{"0 /dev/null", "1 /dev/null", "2 /dev/null", "3 socket", pidfd(p.cmd.Process.Pid), pidfd(p.worker)}
	slices.Sort(want)
	var got []string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("open in the guard: %q, want %q", got, want)
		}
	}()
	poll(p.t, "the guard has a descriptor of the worker, and no other", func() bool {
		got = nil
		dir, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", guard))
		for _, e := range dir {
			link, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", guard, e.Name()))
			info, _ := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%s", guard, e.Name()))
			_, of, isPidfd := strings.Cut(string(info), "\nPid:\t")
			if isPidfd {
				of, _, _ = strings.Cut(of, "\n")
				got = append(got, "pidfd of "+of)
				continue
			}
			link, _, _ = strings.Cut(link, ":")
			got = append(got, e.Name()+" "+link)
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// A worker that has lost the kernel's signal and never looks at its channel lived
// for ever after kill -9 of the primary, and so did what workers had started.
func TestWorkerWithoutTheKernelsSignalOutlivedItsPrimary(t *testing.T) {
	t.Parallel()
	bare := startGuarded(t, guarded{NoGuard: true})
	group := startGuarded(t, guarded{})
	keeps := startGuarded(t, guarded{KeepChildren: true, Adopt: AdoptAll})
	adopts := startGuarded(t, guarded{Adopt: AdoptAll})
	for _, p := range []*guardedPrimary{group, keeps, adopts} {
		first := p.guard(0)
		p.told(first)
		if p != adopts {
			continue
		}
		for _, sig := range []syscall.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP} {
			if err := unix.Kill(first, sig); err != nil {
				t.Fatal(err)
			}
		}
		if sid, err := unix.Getsid(first); err != nil || sid != first {
			t.Errorf("the session of the guard is %d, %v", sid, err)
		}
		if now := p.guard(0); now != first {
			t.Error("a signal for all that belongs to a program has ended the guard")
		}
		if err := unix.Kill(first, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		p.told(p.guard(first))
	}
	for _, p := range []*guardedPrimary{bare, group, keeps, adopts} {
		p.kill()
	}
	for name, pid := range map[string]int{
		"the worker": group.worker, "one in the worker's group": group.helper,
		"the worker of one that keeps children": keeps.worker,
		"the worker of one that adopts":         adopts.worker, "one in its group": adopts.helper, "one that has left it": adopts.daemon,
	} {
		poll(t, name+" has ended", func() bool { return dead(pid) })
	}
	for name, pid := range map[string]int{
		"a worker without a guard": bare.worker, // or the test tests nothing
		"one in its group":         bare.helper, "one that has left a group": group.daemon,
		"one that is kept": keeps.helper, "another": keeps.daemon,
	} {
		if dead(pid) {
			t.Errorf("%s has ended", name)
		}
	}
}

func TestGuardOutlivedItsCluster(t *testing.T) {
	t.Parallel()
	p := startGuarded(t, guarded{})
	guard := p.guard(0)
	// Even one that stands still.
	if err := unix.Kill(guard, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.stdin.Close()
	if n := p.number("left"); n != 0 {
		t.Errorf("%d processes are left after Run", n)
	}
	if !dead(guard) {
		t.Error("the guard is left")
	}
}

// A guard that takes nothing must cost nothing but itself.
func TestGuardThatStandsStillHeldUpTheCluster(t *testing.T) {
	sleep, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Kill(); _, _ = sleep.Wait() }()
	procs := &proc.Set{Changed: make(chan struct{}, 1)}
	started := make(chan int, 1)
	k := &keeper{procs: procs, post: func(msg) bool { return true }, run: func(f func()) { go f() }, quit: make(chan struct{}),
		start: func(theirs *os.File) (*os.Process, error) {
			p, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{Files: []*os.File{nil, nil, nil, theirs}})
			if err == nil {
				started <- p.Pid
			}
			return p, err
		}}
	var keeping sync.WaitGroup
	keeping.Go(k.keep)
	for i := range 2000 { // more than a socket takes
		p := proc.New(sleep, 0)
		p.PID = i + 2
		procs.Add(p)
	}
	pid := receive(t, started)
	close(k.quit)
	keeping.Wait()
	if stateOf(pid) != 0 {
		t.Error("the guard is left")
	}
}

func TestGuardThatCannotStartIsTriedForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said []msg
		own, err := os.FindProcess(os.Getpid()) // one with a pidfd
		if err != nil {
			t.Fatal(err)
		}
		procs := new(proc.Set)
		procs.Add(proc.New(own, 0))
		k := &keeper{
			procs: procs, post: func(m msg) bool { said = append(said, m); return true },
			run: func(f func()) { go f() }, quit: make(chan struct{}),
			start: func(*os.File) (*os.Process, error) { return nil, errors.New("no room") },
		}
		k.keep()
		kinds := make(map[string]int)
		for _, m := range said {
			kinds[fmt.Sprintf("%T", m)]++
		}
		if want := map[string]int{"engine.msgMended": 1, "engine.msgFailed": 1}; !maps.Equal(kinds, want) {
			t.Errorf("it says %v: %v", kinds, said)
		}
	})
}
