//go:build !linux

package sock

import "errors"

var errNoDiag = errors.New("there is no sock_diag here")

// ConnectionsAt: not known here.
func ConnectionsAt(map[int]bool) (map[uint32]bool, error) { return nil, errNoDiag }

// TCPSockets: not known here.
func TCPSockets(States) (map[uint32]TCPSocket, error) { return nil, errNoDiag }

// CountOf: not known here.
func CountOf(int, map[uint32]bool) (int, bool) { return 0, false }

// ListensOf: not known here.
func ListensOf(int, map[uint32]TCPSocket) ([]int, bool) { return nil, false }
