// Package e2e holds the end-to-end tests, a package for each point of view:
//
//   - cluster: the binary without a screen, and live clusters that take commands
//   - node: unmodified Node programs as workers
//   - parity: the library, a test for each row of docs/node-parity.md
//   - screen: the dashboard on a pseudo-terminal and in tmux
//   - deaths: what a death is said to have cost, against what clients saw
//   - soak: everything at once, for as long as it is told
//
// What they share is in package kit, and in testkit, which the tests of the
// engine use too. A test of one package's own code belongs beside that code.
package e2e
