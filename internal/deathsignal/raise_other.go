//go:build !linux

package deathsignal

import "syscall"

// raise does nothing: here the default action cannot be restored without the C
// library. The exit code tells the signal.
func raise(syscall.Signal) {}
