//go:build unix

package testkit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// CheckFlags says that a descriptor is non-blocking and close-on-exec.
func CheckFlags(t testing.TB, fd int) {
	t.Helper()
	if fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || fl&unix.O_NONBLOCK == 0 {
		t.Errorf("descriptor %d is blocking (%#x, %v)", fd, fl, err)
	}
	if fl, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || fl&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor %d survives exec (%#x, %v)", fd, fl, err)
	}
}

// NoSocketLeft compares the sockets this process has open at the end of the
// test with those open now, and waits at most d until there are no more than
// now. Call it first, and not in a parallel test.
func NoSocketLeft(t testing.TB, d time.Duration) {
	t.Helper()
	before := openSockets(t)
	t.Cleanup(func() {
		Eventually(t, d, func() bool {
			for s := range openSockets(t) {
				if !before[s] {
					return false
				}
			}
			return true
		}, "all sockets closed")
	})
}

func openSockets(t testing.TB) map[string]bool {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of descriptors: %v", err)
	}
	all := make(map[string]bool)
	for _, e := range dir {
		to, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if err == nil && (strings.HasPrefix(to, "socket:") || to == os.DevNull) {
			all[e.Name()+" "+to] = true
		}
	}
	return all
}
