package engine

import (
	"math"

	"golang.org/x/sys/unix"
)

// fdShare is how the primary shares out its descriptors. Descriptors for
// workers' requests are opened only below a mark: the kernel gives out the
// lowest free number, so the numbers above the mark are left for forks and
// connections.
type fdShare struct{ limit int } // RLIMIT_NOFILE; 0 = not known

// addressesMax bounds the addresses one worker may have open.
const addressesMax = 256

// addressMax is the longest address a worker may ask for, in bytes: as long as
// a path may be.
const addressMax = 4096

// ownShare is the share of this process.
func ownShare() fdShare {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return fdShare{}
	}
	return fdShare{int(min(uint64(r.Cur), math.MaxInt32))}
}

// reserve is how many descriptors workers cannot take.
func (f fdShare) reserve() int { return min(max(f.limit/8, 64), 1024, f.limit/2) }

// addresses is how many addresses one worker may have open: an address costs up
// to three descriptors here, and a fourth while it is on its way to the worker.
func (f fdShare) addresses() int {
	if f.limit == 0 {
		return addressesMax
	}
	return min(addressesMax, (f.limit-f.reserve())/4)
}

// ownsMax is the most sockets of which each is one worker's that an address has.
// The kernel takes a program for no more: net.core.optmem_max may be 20 KiB.
const ownsMax = 512

// owns is how many such sockets a new address gets: one for each worker, as many
// again for forks that come and for workers that are being replaced, and none if
// descriptors are scarce. free is the lowest free descriptor.
func (f fdShare) owns(workers, free int) int {
	n := min(max(2*workers, 8), ownsMax)
	if f.limit == 0 {
		return n
	}
	n = min(n, f.limit/64)
	if free < 0 || free+n > f.limit/4 {
		return 0
	}
	return n
}

// spare tells whether the primary may keep descriptor fd for a worker; negative
// = no descriptor.
func (f fdShare) spare(fd int) bool {
	return fd >= 0 && (f.limit == 0 || fd < f.limit-f.reserve())
}
