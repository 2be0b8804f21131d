// Package explain says in four short parts what an event or a state of the
// cluster means, what caused it, which call or event of the cluster API it is,
// and what the other scheduling policy would do; and of every scheduling policy
// what it is good and bad at.
//
// It is a table of pure functions over the engine's value types: nothing here
// reads a clock or keeps anything, and every function may be called from any
// goroutine. Figures are the event's and the snapshot's own; what is not known
// is left out.
package explain
