// Package cluster drives the real muster from outside: real processes, real
// signals, a real port. It holds only tests, numbered as in the table of
// checks each of them quotes.
//
// Most tests run the binary, built once for all of them with the tag
// mustertest. Those that command a live cluster (switch its policy, disconnect
// a worker) run the engine in a process of its own: this test binary again,
// which reads commands from stdin.
//
// However a test ends, it also looks at what every run must keep: each worker
// lived through its events in order and each once, nothing printed a panic or
// a data race, and no process of the cluster is left.
package cluster
