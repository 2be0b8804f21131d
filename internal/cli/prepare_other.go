//go:build !linux && !windows

package cli

import "syscall"

// stepAttr is how a step is started.
func stepAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
