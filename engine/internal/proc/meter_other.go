//go:build !linux

package proc

import (
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// read reads one process.
func read(pid int) (reading, error) {
	r := reading{at: time.Now()}
	// Not NewProcess: it checks by a signal whether the process exists.
	p := process.Process{Pid: int32(pid)}
	t, err := p.Times()
	if err != nil {
		return r, err
	}
	m, err := p.MemoryInfo()
	if err != nil {
		return r, err
	}
	r.cpu = time.Duration((t.User + t.System) * float64(time.Second))
	r.mem = m.RSS
	return r, nil
}
