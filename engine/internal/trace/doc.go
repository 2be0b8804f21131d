// Package trace has the arithmetic of following single connections: which of them
// are kept, and what was measured in the last seconds.
//
// What may enter: counts and times. Nothing may enter that knows a connection,
// a worker or a viewer, that reads a clock or takes a lock; the time comes with
// every call.
//
// What it promises: the same calls give the same answers, and memory is bounded
// whatever comes. A value belongs to the one goroutine that calls it.
package trace
