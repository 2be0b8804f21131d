//go:build !linux

package engine

import "errors"

// connectionsAt: see sockdiag_linux.go.
func connectionsAt(map[int]bool) (map[uint32]bool, error) {
	return nil, errors.New("there is no sock_diag here")
}

func socketsOf(int, map[uint32]bool) (int, bool) { return 0, false }
