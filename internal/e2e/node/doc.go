// Package node runs unmodified Node programs as the workers of a
// cluster, with the real node. It holds only tests.
//
// The programs lie in testdata/node of the repository, each with one idea; the
// npm packages some of them need are pinned there and installed by the tests
// (npm ci, once). Most tests run the engine in the test process, which can look
// at everything; those about the command line, or about what a process
// inherits, run the binary. Both look in the end at what every run must keep:
// each worker lived through its events in order, and no process is left.
//
// The node on PATH is used, so that `make node-matrix` runs everything once for
// each version of it.
package node
