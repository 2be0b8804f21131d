package engine

import (
	"math"

	"golang.org/x/sys/unix"
)

// fdShare is how the primary shares out its descriptors. What workers ask for
// is opened below a mark only: the kernel gives out the lowest free number, so
// that the numbers above it are left for forks and connections.
type fdShare struct{ limit int } // RLIMIT_NOFILE; 0 = not known

// addressesMax bounds the addresses one worker may have open.
const addressesMax = 256

// addressMax is the longest address a worker may ask for, in bytes: that of a
// path.
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

// addresses is how many addresses one worker may have open: one costs up to
// three descriptors here, and a fourth while it is on its way to the worker.
func (f fdShare) addresses() int {
	if f.limit == 0 {
		return addressesMax
	}
	return min(addressesMax, (f.limit-f.reserve())/4)
}

// spare tells whether a worker may have us keep descriptor fd; a negative one is
// none.
func (f fdShare) spare(fd int) bool {
	return fd >= 0 && (f.limit == 0 || fd < f.limit-f.reserve())
}
