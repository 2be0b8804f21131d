//go:build !linux

package sock

import "errors"

var errNoDiag = errors.New("there is no sock_diag here")

// ConnectionsAt returns nothing: the connections cannot be known here.
func ConnectionsAt(map[int]bool) (map[uint32]bool, error) { return nil, errNoDiag }

// TCPSockets returns nothing: the sockets cannot be known here.
func TCPSockets(States) (map[uint32]TCPSocket, error) { return nil, errNoDiag }

// CountOf returns nothing: the count cannot be known here.
func CountOf(int, map[uint32]bool) (int, bool) { return 0, false }

// ListensOf returns nothing: the ports cannot be known here.
func ListensOf(int, map[uint32]TCPSocket) ([]int, bool) { return nil, false }
