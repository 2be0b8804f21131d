//go:build !linux

package engine

import (
	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
)

// heldBelow and listensBelow: see below_linux.go. The answer cannot be known
// here.
func heldBelow(int, func(uint32) bool) bool { return true }
func listensBelow(int, int) bool            { return true }

// countStopped: the connections of another process cannot be known here.
func countStopped(*proc.Process, map[int]bool) (map[uint32]sock.Verdict, bool) { return nil, false }
