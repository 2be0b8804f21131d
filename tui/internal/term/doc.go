// Package term is the terminal of a dashboard as files and signals: input,
// output, modes, and which process has the terminal at the moment. It knows
// neither a screen nor a cluster. Its types Input and Output stand between
// bubbletea and the files.
//
// What it promises:
//
//   - After Take the terminal is given back as it was found, on every way out
//     the process can see: Restore or Release, a panic in any goroutine of Go, a
//     signal that ends the process. It is given back once.
//   - Nothing is written to a terminal that has been given back, or that a shell
//     has taken for itself; nothing is read from one either.
//   - A terminal that has gone is noticed by the next read or write: Gone is
//     closed. A terminal that takes no bytes holds nothing up for more than 0.3 s.
//   - An escape key that comes in one read with the next key stays a key.
//
// All methods of Terminal may be called from any goroutine.
package term
