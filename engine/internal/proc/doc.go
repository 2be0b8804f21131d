// Package proc starts a worker's process and follows it to its end: on a thread
// the kernel ties it to, in a group of its own, with its output read as it comes
// and its exit told exactly. It finds the file of a command, and gives each node
// an inspector port of its own.
//
// What may enter: processes, by number or pidfd, and what is asked of the system
// for them. Nothing may enter that decides: when a process is started or killed,
// and what its end means, is known to who calls. A worker is its number here.
//
// What it promises: no signal goes to another process that got the number of one
// that has gone. On Linux its number, and its group's, stay its own until Reap. A
// Set knows all that are not reaped, and may be asked by any goroutine.
//
// A Process is what is done with it, Calls: those of the kernel's processes are
// behind Start and New, and a test may have others, without a process.
package proc
