package engine

import (
	"fmt"
	"io/fs"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// CPUs is how many processors this process may use: CountCPUs().N.
func CPUs() int { return CountCPUs().N }

// CPUCount is how many processors this process may use, and what says so.
type CPUCount struct {
	N       int     // how many: at least 1
	Machine int     // how many the machine has
	Limit   string  // what makes N: LimitQuota, LimitAffinity, LimitEnv; "" = the machine itself
	Quota   float64 // the CPU time a cgroup allows, in processors; 0 = no quota
}

// What limits a CPUCount.
const (
	LimitQuota    = "cgroup quota" // rounded up: a quota of 1.5 keeps two workers busy
	LimitAffinity = "affinity"     // sched_setaffinity(2), taskset(1), a cpuset
	LimitEnv      = "GOMAXPROCS"   // set in the environment: it overrides the others
)

// String is "8 CPUs", "2 of 8 CPUs: cgroup quota 1.5" or "3 CPUs: GOMAXPROCS".
func (c CPUCount) String() string {
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
	case LimitQuota:
		return text + ": " + c.Limit + " " + strconv.FormatFloat(math.Round(c.Quota*100)/100, 'g', -1, 64)
	}
	return text + ": " + c.Limit
}

// limited is String where there is a limit, else "".
func (c CPUCount) limited() string {
	if c.Limit == "" {
		return ""
	}
	return c.String()
}

// CountCPUs counts the processors this process may use: those its affinity
// leaves, and of these no more than the CPU quota of its cgroup, rounded up
// (v2: cpu.max, v1: cpu.cfs_quota_us; the least of the cgroups above it counts
// too, https://docs.kernel.org/admin-guide/cgroup-v2.html). A GOMAXPROCS in the
// environment overrides both. It reads a few small files each time.
func CountCPUs() CPUCount {
	return countCPUs(os.DirFS("/"), runtime.NumCPU(), os.Getenv("GOMAXPROCS"))
}

// countCPUs is CountCPUs on a file system, with the processors the affinity
// leaves and GOMAXPROCS ("" = not set).
func countCPUs(root fs.FS, affinity int, env string) CPUCount {
	c := CPUCount{N: affinity, Machine: affinity}
	if n := cpusOnline(root); n > affinity {
		c.Machine, c.Limit = n, LimitAffinity
	}
	if q, ok := cpuQuota(root); ok {
		c.Quota = q
		if n := max(int(math.Ceil(q)), 1); n < c.N || n == c.N && q < float64(c.N) {
			c.N, c.Limit = n, LimitQuota
		}
	}
	if n, err := strconv.Atoi(env); err == nil && n > 0 { // as the Go runtime reads it
		c.N, c.Limit = n, LimitEnv
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
