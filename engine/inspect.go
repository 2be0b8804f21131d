package engine

import (
	"os"
	"strconv"
	"strings"
)

// look adds what the system knows of the worker.
func (d *Details) look() {
	if d.Dir == "" {
		d.Dir, _ = os.Getwd()
	}
	proc := "/proc/" + strconv.Itoa(d.PID)
	if dir, err := os.ReadDir(proc + "/fd"); err == nil {
		d.FDs = len(dir)
	}
	d.FDLimit = fdLimit(proc + "/limits")
}

// fdLimit reads the soft limit of open files from a /proc/PID/limits; 0 if it
// cannot be known.
func fdLimit(path string) uint64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		if f := strings.Fields(rest); len(f) > 0 {
			n, _ := strconv.ParseUint(f[0], 10, 64)
			return n
		}
	}
	return 0
}
