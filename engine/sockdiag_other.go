//go:build !linux

package engine

import "errors"

// connectionsAt: see sockdiag_linux.go.
func connectionsAt(map[int]bool) (map[uint32]bool, error) {
	return nil, errors.New("there is no sock_diag here")
}

func socketsOf(int, map[uint32]bool) (int, bool) { return 0, false }

type tcpSocket struct{}

// listenState: see sockdiag_linux.go.
const listenState = 0

func tcpSockets(uint32) (map[uint32]tcpSocket, error) {
	return nil, errors.New("there is no sock_diag here")
}

func listensOf(int, map[uint32]tcpSocket) ([]int, bool) { return nil, false }

func heldBelow(int, func(uint32) bool) bool { return true }

// countStopped: the connections of another process are not to be known here.
func countStopped(*proc, map[int]bool) (map[uint32]connVerdict, bool) { return nil, false }

func listensBelow(int, int) bool { return true }
