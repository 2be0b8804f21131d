package engine

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// self is this process as a worker: a process has one role, for life.
var self atomic.Pointer[Child]

// Role tells what this process is, from its environment. A worker has
// NODE_UNIQUE_ID (an integer) and NODE_CHANNEL_FD (a unix stream socket); both
// are unset by this call, so that its own children do not see them. One of them
// alone, or another kind of descriptor, is an error: print it and exit 2. Call
// Role first in main, before flags are parsed; later calls return the same. In
// a worker the process ends with exit code 0 when the primary is gone, as in
// Node.
func Role() (worker bool, err error) {
	if IsWorker() {
		return true, nil // Role was called before
	}
	id, hasID := os.LookupEnv(envUniqueID)
	fd, hasFD := os.LookupEnv(envChannelFD)
	for _, name := range []string{envUniqueID, envChannelFD, envSerial} {
		_ = os.Unsetenv(name)
	}
	switch {
	case !hasID && !hasFD:
		return false, nil
	case !hasFD:
		return false, fmt.Errorf("%s is set but %s is not: they come from a cluster's primary; unset it to start a cluster", envUniqueID, envChannelFD)
	case !hasID:
		return false, fmt.Errorf("%s is set but %s is not: they come from a cluster's primary; unset it to start a cluster", envChannelFD, envUniqueID)
	}
	n, err := strconv.Atoi(id)
	if err != nil {
		return false, fmt.Errorf("%s is %q, not a number; unset it to start a cluster", envUniqueID, id)
	}
	num, err := strconv.Atoi(fd)
	if err != nil || num < 0 {
		return false, fmt.Errorf("%s is %q, not a descriptor; unset it to start a cluster", envChannelFD, fd)
	}
	ch, err := ipc.Open(num)
	if err != nil {
		return false, fmt.Errorf("%s=%d: %w; unset it to start a cluster", envChannelFD, num, err)
	}
	ch.TakeMany()
	c := newChild(n, ch, os.Exit)
	c.slot, _ = strconv.Atoi(os.Getenv(envSlot))
	if !self.CompareAndSwap(nil, c) {
		return true, nil
	}
	proc.NameSelf(ownName())
	c.start()
	return true, nil
}

// Self is this process as a worker, nil in a primary and before Role.
func Self() *Child { return self.Load() }

// IsWorker tells whether this process is a worker (Node: cluster.isWorker). It
// holds from Role on, for life.
func IsWorker() bool { return Self() != nil }

// IsPrimary is the opposite of IsWorker (Node: cluster.isPrimary).
func IsPrimary() bool { return !IsWorker() }

// IsMaster is IsPrimary by its old name (Node: cluster.isMaster).
//
// Deprecated: use IsPrimary.
func IsMaster() bool { return IsPrimary() }
