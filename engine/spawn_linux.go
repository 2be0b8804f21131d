package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// spawnSpec is a process to start. The three files become 1, 2 and 3 of the
// child; its stdin is /dev/null.
type spawnSpec struct {
	path   string
	argv   []string
	dir    string
	env    []string
	stdout *os.File
	stderr *os.File
	chanFD *os.File
}

// spawner starts processes. They get SIGKILL when the primary dies
// (PR_SET_PDEATHSIG), which the kernel sends when the THREAD that forked ends:
// so all forks come from one goroutine that is locked to its thread for life.
type spawner struct{ jobs chan func() }

// newSpawner starts the goroutine; it ends with close.
func newSpawner(run func(func())) *spawner {
	s := &spawner{jobs: make(chan func(), spawnsMax)}
	run(s.onThread)
	return s
}

func (s *spawner) onThread() {
	runtime.LockOSThread()
	if unix.Gettid() == os.Getpid() {
		// Not the main thread: it does not end when its goroutine does, so a
		// mistake in the locking would stay unseen. While this goroutine holds
		// it, another one gets another thread.
		defer runtime.UnlockOSThread()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.onThread()
		}()
		<-done
		return
	}
	// Never unlocked: the thread ends with the goroutine, when no worker lives.
	for job := range s.jobs {
		job()
	}
}

// do runs job on the spawner's thread, in the order of the calls; startProc may
// be called there and nowhere else. It does not wait.
func (s *spawner) do(job func()) { s.jobs <- job }

// close ends the spawner. The workers must be gone: its thread ends too.
func (s *spawner) close() { close(s.jobs) }

// startProc starts a process that dies with the calling thread.
func startProc(spec spawnSpec) (*proc, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	p, err := os.StartProcess(spec.path, spec.argv, &os.ProcAttr{
		Dir:   spec.dir,
		Env:   spec.env,
		Files: []*os.File{null, spec.stdout, spec.stderr, spec.chanFD},
		Sys: &syscall.SysProcAttr{
			Setpgid:   true, // the terminal's Ctrl+C and Ctrl+Z are for the primary alone
			Pdeathsig: syscall.SIGKILL,
		},
	})
	if err != nil {
		return nil, err
	}
	return &proc{p: p, pid: p.Pid}, nil
}

// proc is a started worker process. Its methods may be called from any
// goroutine, and after its end.
type proc struct {
	p   *os.Process
	pid int

	mu     sync.Mutex
	reaped bool
}

// signal sends sig to the process alone (by its pidfd: never to another one
// that got the number).
func (p *proc) signal(sig syscall.Signal) error {
	err := p.p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// killGroup sends SIGKILL to its process group, as long as the number cannot
// have been used again.
func (p *proc) killGroup() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = unix.Kill(-p.pid, unix.SIGKILL)
	}
}

// dying tells whether the process is in its end: the kernel has begun to take
// it apart (PF_EXITING in the flags of proc(5)'s stat), or it is gone.
func (p *proc) dying() bool {
	const pfExiting = 0x4
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/stat")
	if err != nil {
		return true
	}
	// The name may hold anything, also a parenthesis; the flags are the seventh
	// field after it.
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 7 {
		return true
	}
	flags, err := strconv.ParseUint(f[6], 10, 64)
	return err != nil || flags&pfExiting != 0
}

// wait waits for the end of the process and reaps it. It waits in the runtime's
// poller where it can, so that a worker does not cost the primary a thread.
func (p *proc) wait() (*os.ProcessState, error) {
	if err := p.poll(); err != nil {
		var si unix.Siginfo
		for {
			if err := unix.Waitid(unix.P_PID, p.pid, &si, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
				break
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	return p.p.Wait()
}

// poll returns nil when the process has ended and is not reaped yet.
func (p *proc) poll() error {
	fd, err := unix.PidfdOpen(p.pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return fmt.Errorf("pidfd of %d: %w", p.pid, err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	defer f.Close()
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var werr error
	err = rc.Read(func(fd uintptr) bool {
		var si unix.Siginfo
		werr = unix.Waitid(unix.P_PIDFD, int(fd), &si, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		// With WNOHANG success with no signal number means: not yet.
		return werr != unix.EAGAIN && werr != unix.EINTR && (werr != nil || si.Signo != 0)
	})
	if err != nil {
		return err
	}
	return werr
}

// closeOnExecAll sets close-on-exec on every descriptor from 3 up: what the
// primary inherited is not the workers' business.
func closeOnExecAll() {
	if unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for _, fd := range openDescriptors() {
		unix.CloseOnExec(fd)
	}
}

// openDescriptors lists what is open from descriptor 3 up.
func openDescriptors() []int {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	var fds []int
	for _, e := range dir {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			fds = append(fds, fd)
		}
	}
	return fds
}

// selfExe is a path that starts this very binary even if its file has gone,
// as that of `go run` may have.
func selfExe() (string, error) { return "/proc/self/exe", nil }

// nameSelf is what ps and top show for a process started from selfExe, which
// they would call "exe".
func nameSelf(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }
