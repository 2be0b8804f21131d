package cli

import "syscall"

// stepAttr is how a step is started: so that it does not outlive us.
func stepAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
