package cpus

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// cpuQuota is the CPU time the cgroups of this process allow it, in processors:
// the least of the cgroup's own quota and of the ones above it. false = no
// quota.
func cpuQuota(root fs.FS) (least float64, ok bool) {
	for _, c := range cpuCgroups(root) {
		// Up to the mount: a process in a container, for example, cannot see
		// above it.
		for dir := c.dir; ; dir = path.Dir(dir) {
			if q, is := quotaIn(root, dir, c.v2); is && (!ok || q < least) {
				least, ok = q, true
			}
			if dir == c.mount || dir == "." {
				break
			}
		}
	}
	return least, ok
}

// cgroup is one this process is in.
type cgroup struct {
	v2         bool
	mount, dir string // relative to the root: its hierarchy's mount, and its own directory
}

// cpuCgroups are the cgroups that may bound the CPU time of this process: that
// of v2, and in v1 that of the controller cpu. There may be both.
func cpuCgroups(root fs.FS) (found []cgroup) {
	memberships, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return nil
	}
	// cgroups(7): ID:CONTROLLERS:PATH; that of v2 is 0::PATH.
	for l := range strings.Lines(string(memberships)) {
		f := strings.SplitN(strings.TrimSuffix(l, "\n"), ":", 3)
		if len(f) != 3 {
			continue
		}
		v2 := f[0] == "0" && f[1] == ""
		if !v2 && !hasWord(f[1], "cpu") {
			continue
		}
		if c, ok := mountedAt(string(mounts), f[2], v2); ok {
			found = append(found, c)
		}
	}
	return found
}

// mountedAt finds the directory of a cgroup in a mountinfo (proc(5)):
//
//	31 23 0:28 ROOT MOUNT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS
//
// ROOT is the cgroup that is seen at MOUNT.
func mountedAt(mountinfo, of string, v2 bool) (cgroup, bool) {
	var atMount *cgroup // of a hierarchy whose mount does not show the cgroup itself
	for l := range strings.Lines(mountinfo) {
		left, right, ok := strings.Cut(l, " - ")
		f, t := strings.Fields(left), strings.Fields(right)
		if !ok || len(f) < 5 || len(t) < 3 {
			continue
		}
		if v2 && t[0] != "cgroup2" || !v2 && (t[0] != "cgroup" || !hasWord(t[2], "cpu")) {
			continue
		}
		top, mount := path.Clean(unescapeMount(f[3])), strings.TrimPrefix(path.Clean(unescapeMount(f[4])), "/")
		if mount == "" || !fs.ValidPath(mount) {
			continue
		}
		below, inside := strings.CutPrefix(of, strings.TrimSuffix(top, "/"))
		if inside && (below == "" || below[0] == '/') {
			if dir := path.Join(mount, below); fs.ValidPath(dir) && (dir == mount || strings.HasPrefix(dir, mount+"/")) {
				return cgroup{v2, mount, dir}, true
			}
		}
		if atMount == nil {
			atMount = &cgroup{v2, mount, mount}
		}
	}
	if atMount != nil {
		return *atMount, true
	}
	return cgroup{}, false
}

// unescapeMount reads the octal escapes of mountinfo.
func unescapeMount(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

// quotaIn reads the quota of one cgroup. v2: cpu.max is "QUOTA PERIOD" or "max
// PERIOD". v1: cpu.cfs_quota_us is -1 for none.
func quotaIn(root fs.FS, dir string, v2 bool) (float64, bool) {
	read := func(name string) string {
		b, err := fs.ReadFile(root, path.Join(dir, name))
		if err != nil {
			return "" // the cgroup at the top of v2 has none
		}
		return strings.TrimSpace(string(b))
	}
	var quota, period string
	if v2 {
		quota, period, _ = strings.Cut(read("cpu.max"), " ")
	} else {
		quota, period = read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")
	}
	q, qerr := strconv.ParseUint(quota, 10, 63)
	p, perr := strconv.ParseUint(period, 10, 63)
	if qerr != nil || perr != nil || q == 0 || p == 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}
