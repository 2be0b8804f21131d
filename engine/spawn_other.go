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

// awaitEnd leaves the waiting to Wait: a group kill may then come too late.
func (p *proc) awaitEnd() {}

// dying is not to be known here: its exit is waited for a moment.
func (p *proc) dying() bool { return true }

func closeOnExecAll() {}

func openDescriptors() []int { return nil }

func selfExe() (string, error) { return os.Executable() }

func nameSelf(string) {}
