package main

import (
	"fmt"
	"os"
)

// main says why there is nothing more: the channel between primary and worker
// is a unix socket pair that carries descriptors.
func main() {
	fmt.Fprintln(os.Stderr, "muster: Windows is not supported: it cannot hand a socket to a worker the way Linux, macOS and FreeBSD do; use WSL")
	os.Exit(1)
}
