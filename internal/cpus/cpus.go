// Package cpus counts the processors a process may use by its affinity, the CPU
// quota of its cgroup and GOMAXPROCS.
package cpus

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Count is how many processors this process may use, and what limits the
// number.
type Count struct {
	N       int     // how many: at least 1
	Machine int     // how many the machine has
	Limit   string  // what makes N: "cgroup quota", "affinity", "GOMAXPROCS"; "" = the machine itself
	Quota   float64 // the CPU time a cgroup allows, in processors; 0 = no quota
}

// What limits a Count.
const (
	limitQuota    = "cgroup quota" // rounded up: a quota of 1.5 keeps two workers busy
	limitAffinity = "affinity"     // sched_setaffinity(2), taskset(1), a cpuset
	limitEnv      = "GOMAXPROCS"   // set in the environment: it overrides the others
)

// String is "8 CPUs", "2 of 8 CPUs: cgroup quota 1.5" or "3 CPUs: GOMAXPROCS".
func (c Count) String() string {
	text := fmt.Sprintf("%d of %d CPUs", c.N, c.Machine)
	switch {
	case c.Limit != "" && c.N <= c.Machine:
	case c.N == 1:
		text = "1 CPU"
	default:
		text = fmt.Sprintf("%d CPUs", c.N)
	}
	switch c.Limit {
	case "":
		return text
	case limitQuota:
		return text + ": " + c.Limit + " " + strconv.FormatFloat(math.Round(c.Quota*100)/100, 'g', -1, 64)
	}
	return text + ": " + c.Limit
}

// Limited is String if there is a limit, otherwise "".
func (c Count) Limited() string {
	if c.Limit == "" {
		return ""
	}
	return c.String()
}

// Usable counts the processors this process may use: those of its affinity, but
// no more than the CPU quota of its cgroup, rounded up (v2: cpu.max, v1:
// cpu.cfs_quota_us; the quotas of the cgroups above count too, the least one
// applies, https://docs.kernel.org/admin-guide/cgroup-v2.html). A GOMAXPROCS in
// the environment overrides both. It reads a few small files each time.
func Usable() Count {
	return count(os.DirFS("/"), runtime.NumCPU(), os.Getenv("GOMAXPROCS"))
}

// count is Usable on a file system, with the processors the affinity
// leaves and GOMAXPROCS ("" = not set).
func count(root fs.FS, affinity int, env string) Count {
	c := Count{N: affinity, Machine: affinity}
	if n := cpusOnline(root); n > affinity {
		c.Machine, c.Limit = n, limitAffinity
	}
	if q, ok := cpuQuota(root); ok {
		c.Quota = q
		if n := max(int(math.Ceil(q)), 1); n < c.N || n == c.N && q < float64(c.N) {
			c.N, c.Limit = n, limitQuota
		}
	}
	if n, err := strconv.Atoi(env); err == nil && n > 0 { // as the Go runtime reads it
		c.N, c.Limit = n, limitEnv
	}
	return c
}

// cpusOnline is how many processors the machine has; 0 = not known. The file is
// a list as in "0-3,6" (cputopology.rst of the kernel).
func cpusOnline(root fs.FS) (n int) {
	b, err := fs.ReadFile(root, "sys/devices/system/cpu/online")
	if err != nil {
		return 0
	}
	for r := range strings.SplitSeq(strings.TrimSpace(string(b)), ",") {
		from, to, isRange := strings.Cut(r, "-")
		if !isRange {
			to = from
		}
		a, aerr := strconv.Atoi(from)
		z, zerr := strconv.Atoi(to)
		if aerr != nil || zerr != nil || z < a {
			return 0
		}
		n += z - a + 1
	}
	return n
}
