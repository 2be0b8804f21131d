package proc

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// onOwnThread runs f on a thread that lives as long as f does. Children get
// SIGKILL when the primary dies (PR_SET_PDEATHSIG). The kernel sends it when
// the THREAD that forked ends: so all forks come from one goroutine that is
// locked to its thread for life.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != os.Getpid() {
		f() // never unlocked: the thread ends with the goroutine
		return
	}
	// Not the main thread: it does not end when its goroutine does, so a
	// mistake in the locking would stay unseen. While this goroutine holds
	// it, another one gets another thread.
	defer runtime.UnlockOSThread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		onOwnThread(f)
	}()
	<-done
}

func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// AwaitEnd waits in the runtime's poller where it can, so that a worker does not
// cost the primary a thread.
func (p *kernelProcess) AwaitEnd() (Exit, error) {
	_ = p.poll() // or the call below waits
	var si unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, p.pid, &si, unix.WEXITED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return Exit{}, fmt.Errorf("waiting for process %d: %w", p.pid, err)
		}
		return exitOf(&si), nil
	}
}

// childInfo is what sigaction(2) says of siginfo_t for SIGCHLD, after its three
// numbers.
type childInfo struct {
	pid    int32
	uid    uint32
	status int32
}

// exitOf is how a process that was waited for has ended.
func exitOf(si *unix.Siginfo) Exit {
	const exited = 1 // CLD_EXITED; the others that end a process are by a signal
	const word = unsafe.Sizeof(uintptr(0))
	at := (3*unsafe.Sizeof(si.Signo) + word - 1) / word * word
	status := int((*childInfo)(unsafe.Add(unsafe.Pointer(si), at)).status)
	if si.Code == exited {
		return Exit{Code: &status}
	}
	return Exit{Signal: syscall.Signal(status)}
}

func (p *kernelProcess) Reap() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaped = true
	_, err := p.p.Wait() // at once
	return err
}

// poll returns nil when the process has ended and is not reaped yet.
func (p *kernelProcess) poll() error {
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
		// With WNOHANG, success without a signal number means: not yet.
		return werr != unix.EAGAIN && werr != unix.EINTR && (werr != nil || si.Signo != 0)
	})
	if err != nil {
		return err
	}
	return werr
}

// CloseOnExecAll sets close-on-exec on every descriptor from 3 up: what the
// primary inherited is not the workers' business.
func CloseOnExecAll() {
	if unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	for _, fd := range OpenDescriptors() {
		unix.CloseOnExec(fd)
	}
}

// OpenDescriptors lists what is open from descriptor 3 up.
func OpenDescriptors() []int {
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

// SelfExe is a path that starts this very binary even if its file has gone, as
// the file of `go run` may have.
func SelfExe() (string, error) { return "/proc/self/exe", nil }

// NameSelf is what ps and top show for a process started from SelfExe, which
// they would call "exe".
func NameSelf(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }
