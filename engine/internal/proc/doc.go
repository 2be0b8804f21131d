// Package proc starts a worker's process and follows it to its end: it starts
// the process on a thread the kernel ties it to and in a group of its own,
// reads its output as it comes and tells its exit exactly. The package finds
// the file of a command, and gives each node an inspector port of its own.
//
// What may enter: processes, by number or pidfd, and the system calls about
// them. Nothing may enter that decides: the caller knows when a process is
// started or killed, and what its end means. A worker is its number here.
//
// What it promises: no signal goes to a process that got the number of one that
// has gone. On Linux a process keeps its number, and its group's, until Reap. A
// Set knows all processes that are not reaped, and any goroutine may ask it.
//
// A Process is used through Calls. Start and New give the calls of the kernel's
// processes; a test may have others, without a process.
package proc
