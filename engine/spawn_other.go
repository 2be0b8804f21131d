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

// wait waits for the end of the process and reaps it. For a moment after that
// killGroup does not know.
func (p *proc) wait() (*os.ProcessState, error) {
	state, err := p.p.Wait()
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	return state, err
}

// dying is not to be known here: its exit is waited for a moment.
func (p *proc) dying() bool { return true }

func closeOnExecAll() {}

func openDescriptors() []int { return nil }

func selfExe() (string, error) { return os.Executable() }

func nameSelf(string) {}
