//go:build !linux

package proc

import (
	"os"
	"syscall"
)

// onOwnThread: outside Linux the kernel kills no worker when the primary dies
// by SIGKILL (only the end of its channel ends it), so the thread does not
// matter.
func onOwnThread(f func()) { f() }

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// AwaitEnd also reaps the process.
func (p *kernelProcess) AwaitEnd() (Exit, error) {
	state, err := p.p.Wait()
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	return exitOf(state), err
}

// exitOf is how a process has ended; state is nil if it could not be waited for.
func exitOf(state *os.ProcessState) Exit {
	if state == nil {
		return Exit{}
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return Exit{Signal: ws.Signal()}
	}
	code := state.ExitCode()
	return Exit{Code: &code}
}

// Reap does nothing: AwaitEnd has reaped.
func (p *kernelProcess) Reap() error { return nil }

// Dying cannot be known here, so it waits a moment for the exit.
func (p *kernelProcess) Dying() bool { return true }

func (p *kernelProcess) Stopped() bool { return false }

// CloseOnExecAll does nothing: which descriptors are open cannot be known here.
func CloseOnExecAll() {}

// OpenDescriptors returns nothing: which descriptors are open cannot be known
// here.
func OpenDescriptors() []int { return nil }

// SelfExe is the file of this very binary.
func SelfExe() (string, error) { return os.Executable() }

// NameSelf does nothing: a process started from SelfExe has the right name
// already.
func NameSelf(string) {}
