// Package sock knows the sockets of an address: how they are opened, so that
// nobody slips in between and nothing is lost, how connections are accepted from
// them, how the kernel is told which of them gets new ones, what stands in the
// way where an address cannot be had, and which connections a process has.
//
// What may enter: descriptors, addresses, paths and what the kernel tells of
// them, as plain values. Nothing may enter that knows of a worker, a policy or
// a message; the caller decides which socket is right.
//
// What it promises: every descriptor it makes is non-blocking and close-on-exec
// from the start, and is closed when the call that made it fails. An error
// wraps the errno the system gave. A Port belongs to one goroutine; at most its
// accept goroutine runs beside that one, and ends with Close. The calls that
// may wait for a name server or a file system are Resolve, Open of a path, and
// Name.PutBack.
package sock
