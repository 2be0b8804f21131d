package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// userHz is how many ticks /proc counts in a second, on every platform of Go's.
const userHz = 100

// statmResident is the place of the resident pages in statm.
const statmResident = 1

// read reads one process.
func read(pid int) (reading, error) {
	r := reading{at: time.Now()}
	stat, err := ReadStat(pid)
	if err != nil {
		return r, err
	}
	// That of stat may be far too small: it counts a thread's pages late.
	statm, err := readProc(pid, "statm")
	if err != nil {
		return r, err
	}
	f, m := SplitStat(stat), strings.Fields(string(statm))
	if len(f) <= statSystem || len(m) <= statmResident {
		return r, fmt.Errorf("stat and statm of process %d: %q, %q", pid, stat, statm)
	}
	var n [3]uint64
	for i, text := range []string{f[statUser], f[statSystem], m[statmResident]} {
		if n[i], err = strconv.ParseUint(text, 10, 64); err != nil {
			return r, fmt.Errorf("stat or statm of process %d: %w", pid, err)
		}
	}
	r.cpu = time.Duration(n[0]+n[1]) * (time.Second / userHz)
	r.mem = n[2] * uint64(os.Getpagesize())
	return r, nil
}

// ReadStat is what /proc/PID/stat holds.
func ReadStat(pid int) ([]byte, error) { return readProc(pid, "stat") }

// readProc reads one short file of a process by three system calls: os.ReadFile would
// try the poller first, which cannot wait for such a file.
func readProc(pid int, name string) ([]byte, error) {
	name = "/proc/" + strconv.Itoa(pid) + "/" + name
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	b := make([]byte, 1024) // stat is the longest: 52 numbers and a name of at most 64 bytes
	n, err := unix.Read(fd, b)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: name, Err: err} // ESRCH: the process has ended meanwhile
	}
	return b[:n], nil
}
