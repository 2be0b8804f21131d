package main

import "syscall"

// endWithUs makes the kernel tell the process to end when the bench is killed,
// the only end that no code of the bench sees.
func endWithUs(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGTERM }
