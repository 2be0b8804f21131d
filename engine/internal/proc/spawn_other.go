//go:build !linux

package proc

import (
	"os"
	"syscall"
)

// onOwnThread: outside Linux nothing kills a worker when the primary dies by
// SIGKILL but the end of its channel, so the thread does not matter.
func onOwnThread(f func()) { f() }

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// AwaitEnd also reaps it.
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

// Reap: AwaitEnd has.
func (p *kernelProcess) Reap() error { return nil }

// Dying is not to be known here: its exit is waited for a moment.
func (p *kernelProcess) Dying() bool { return true }

func (p *kernelProcess) Stopped() bool { return false }

// CloseOnExecAll: what is open is not to be known here.
func CloseOnExecAll() {}

// OpenDescriptors: likewise.
func OpenDescriptors() []int { return nil }

// SelfExe is the file of this very binary.
func SelfExe() (string, error) { return os.Executable() }

// NameSelf: what SelfExe gives has the right name already.
func NameSelf(string) {}
