package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newTally makes a tally in memory of its own, and a descriptor of that memory
// for the primary, close-on-exec: memfd_create(2).
func newTally() (*tally, int, error) {
	fd, err := unix.MemfdCreate("muster-tally", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, -1, os.NewSyscallError("memfd_create", err)
	}
	mem, err := func() ([]byte, error) {
		if err := unix.Ftruncate(fd, tallySize); err != nil {
			return nil, os.NewSyscallError("ftruncate", err)
		}
		mem, err := unix.Mmap(fd, 0, tallySize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		return mem, os.NewSyscallError("mmap", err)
	}()
	if err != nil {
		_ = unix.Close(fd)
		return nil, -1, err
	}
	t := (*tally)(unsafe.Pointer(unsafe.SliceData(mem))) // mapped for the life of the process, and page-aligned
	t[tallyForm].Store(tallyV1)
	return t, fd, nil
}

// readTally reads the tally of another process. It reads the file instead of
// mapping it, so that a worker that truncates it does no harm.
func readTally(fd int) (w [tallyWords]uint64, err error) {
	var b [tallySize]byte
	n, err := unix.Pread(fd, b[:], 0)
	if err == nil && n < len(b) {
		err = fmt.Errorf("%d bytes, want %d", n, len(b))
	}
	if err != nil {
		return w, fmt.Errorf("reading a tally: %w", err)
	}
	for i := range w {
		w[i] = binary.NativeEndian.Uint64(b[8*i:])
	}
	return w, nil
}

var errNoTally = errors.New("it is not memory made by memfd_create")

// checkTally checks what a worker sent as its tally: a read of anything but
// memory could wait.
func checkTally(fd int) error {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
		return errNoTally // fcntl(2): only files of memfd_create have seals
	}
	return nil
}
