//go:build !linux

package engine

import (
	"os"
	"syscall"
)

// onOwnThread: outside Linux nothing kills a worker when the primary dies by
// SIGKILL but the end of its channel, so the thread does not matter.
func onOwnThread(f func()) { f() }

func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitEnd waits until the process has ended, reaps it, and tells how it ended.
func (p *kernelProcess) awaitEnd() (*ExitDetail, error) {
	state, err := p.p.Wait()
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	return exitOf(state), err
}

// exitOf is code and signal as in Node's 'exit' event: one of them is nil. If
// the process could not be waited for, state is nil and neither is known.
func exitOf(state *os.ProcessState) *ExitDetail {
	if state == nil {
		return &ExitDetail{}
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		name := signalName(ws.Signal())
		return &ExitDetail{Signal: &name}
	}
	code := state.ExitCode()
	return &ExitDetail{Code: &code}
}

// reap: awaitEnd has.
func (p *kernelProcess) reap() error { return nil }

// dying is not to be known here: its exit is waited for a moment.
func (p *kernelProcess) dying() bool { return true }

func (p *kernelProcess) stopped() bool { return false }

func closeOnExecAll() {}

func openDescriptors() []int { return nil }

func selfExe() (string, error) { return os.Executable() }

func nameSelf(string) {}
