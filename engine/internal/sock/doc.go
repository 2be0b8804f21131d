// Package sock knows the sockets of an address: how they are opened, so that
// nobody slips in between and nothing is lost, how connections are accepted from
// them, how the kernel is told which of them gets new ones, what stands in the
// way where an address cannot be had, and which connections a process has.
//
// What may enter: descriptors, addresses, paths and what the kernel tells of
// them, as plain values. Nothing may enter that knows of a worker, a policy or a
// message; which socket is right is decided by who calls.
//
// What it promises: every descriptor it makes is non-blocking and close-on-exec
// from the start, and is closed when the call that made it fails. An error wraps
// the errno the system gave. A Port belongs to one goroutine; beside it runs at
// most its accept goroutine, which ends with Close. What may wait for a name
// server or a file system says so: Resolve, Open of a path, Name.PutBack.
package sock
