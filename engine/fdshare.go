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

// spare tells whether the primary may keep descriptor fd for a worker; negative
// = no descriptor.
func (f fdShare) spare(fd int) bool {
	return fd >= 0 && (f.limit == 0 || fd < f.limit-f.reserve())
}
