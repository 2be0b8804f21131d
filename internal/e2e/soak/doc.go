// Package soak has only a test: a cluster to which everything happens at once
// for as long as it is told (make soak), and that must lose nothing that is not
// accounted for, serve no connection twice, and hold no more in the end than at
// the start.
package soak
