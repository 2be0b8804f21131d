package cpus

import (
	"runtime"
	"testing"
	"testing/fstest"
)

// tree is a file system of these files.
func tree(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

const (
	mountV2    = "30 23 0:26 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
	mountV1    = "33 25 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:15 - cgroup cgroup rw,cpu,cpuacct\n"
	mountOther = "34 25 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
	inDocker   = "33 25 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
	nameMount  = "33 25 0:29 / /sys/fs/cgroup/my\\040cpu rw - cgroup cgroup rw,cpu\n"
)

func TestCount(t *testing.T) {
	for name, tt := range map[string]struct {
		files    map[string]string
		affinity int
		env      string
		n        int
		text     string
	}{
		"no files": {nil, 4, "", 4, "4 CPUs"},
		"one":      {nil, 1, "", 1, "1 CPU"},
		"all of the machine": {map[string]string{"sys/devices/system/cpu/online": "0-7\n"}, 8, "",
			8, "8 CPUs"},
		"affinity": {map[string]string{"sys/devices/system/cpu/online": "0-3,6-7\n"}, 2, "",
			2, "2 of 6 CPUs: affinity"},
		"v2, a quota of one": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "100000 100000\n"}, 8, "",
			1, "1 of 8 CPUs: cgroup quota 1"},
		"v2, rounded up": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "150000 100000\n"}, 8, "",
			2, "2 of 8 CPUs: cgroup quota 1.5"},
		"v2, less than one": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "20000 100000\n"}, 8, "",
			1, "1 of 8 CPUs: cgroup quota 0.2"},
		"v2, no quota": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "max 100000\n"}, 8, "",
			8, "8 CPUs"},
		"v2, the least is above": {map[string]string{
			"proc/self/cgroup": "0::/slice/app/x\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/slice/cpu.max":       "300000 100000\n",
			"sys/fs/cgroup/slice/app/cpu.max":   "max 100000\n",
			"sys/fs/cgroup/slice/app/x/cpu.max": "500000 100000\n"}, 8, "",
			3, "3 of 8 CPUs: cgroup quota 3"},
		"v2, in a container": {map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 8, "",
			3, "3 of 8 CPUs: cgroup quota 2.5"},
		"v2, a cgroup outside of the namespace": {map[string]string{
			"proc/self/cgroup": "0::/../other\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/cpu.max": "200000 100000\n"}, 8, "",
			2, "2 of 8 CPUs: cgroup quota 2"},
		"v1": {map[string]string{
			"proc/self/cgroup": "5:cpuset:/\n4:cpu,cpuacct:/app\n0::/\n", "proc/self/mountinfo": mountOther + mountV1,
			"sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "25000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n"}, 8, "",
			2, "2 of 8 CPUs: cgroup quota 2"},
		"v1, in a container": {map[string]string{
			"proc/self/cgroup": "4:cpu:/docker/abc\n", "proc/self/mountinfo": inDocker,
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "120000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 8, "",
			2, "2 of 8 CPUs: cgroup quota 1.2"},
		"a mount with a space": {map[string]string{
			"proc/self/cgroup": "4:cpu:/a\n", "proc/self/mountinfo": nameMount,
			"sys/fs/cgroup/my cpu/a/cpu.cfs_quota_us": "100000\n", "sys/fs/cgroup/my cpu/a/cpu.cfs_period_us": "100000\n"}, 8, "",
			1, "1 of 8 CPUs: cgroup quota 1"},
		"affinity below the quota": {map[string]string{"sys/devices/system/cpu/online": "0-7\n",
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "400000 100000\n"}, 2, "",
			2, "2 of 8 CPUs: affinity"},
		"a quota within the last CPU of the affinity": {map[string]string{"sys/devices/system/cpu/online": "0-7\n",
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "150000 100000\n"}, 2, "",
			2, "2 of 8 CPUs: cgroup quota 1.5"},
		"a quota within the last CPU of the machine": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "150000 100000\n"}, 2, "",
			2, "2 of 2 CPUs: cgroup quota 1.5"},
		"a quota above the machine": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "6400000 100000\n"}, 8, "",
			8, "8 CPUs"},
		"GOMAXPROCS stands": {map[string]string{
			"proc/self/cgroup": "0::/app\n", "proc/self/mountinfo": mountV2,
			"sys/fs/cgroup/app/cpu.max": "100000 100000\n"}, 8, "3",
			3, "3 of 8 CPUs: GOMAXPROCS"},
		"GOMAXPROCS above": {nil, 2, "5", 5, "5 CPUs: GOMAXPROCS"},
		"GOMAXPROCS wrong": {nil, 2, "many", 2, "2 CPUs"},
		"nonsense": {map[string]string{"sys/devices/system/cpu/online": "x-y\n",
			"proc/self/cgroup": "garbage\n0::\n::\n", "proc/self/mountinfo": "garbage\n - \n1 2 3 / / rw - cgroup2 a b\n" + mountV2,
			"sys/fs/cgroup/cpu.max": "-1\n"}, 4, "",
			4, "4 CPUs"},
	} {
		t.Run(name, func(t *testing.T) {
			got := count(tree(tt.files), tt.affinity, tt.env)
			if got.N != tt.n || got.String() != tt.text {
				t.Errorf("%d, %q; want %d, %q", got.N, got, tt.n, tt.text)
			}
		})
	}
}

// The real machine: whatever limits it, the number is one to work with.
func TestUsableOnThisMachine(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	c := Usable()
	if c.N < 1 || c.N > runtime.NumCPU() || c.Machine < c.N || c.Limit == limitEnv {
		t.Errorf("%+v", c)
	}
}
