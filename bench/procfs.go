package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, in which /proc counts time: 100 on every platform
// Go runs Linux on.
const ticksPerSecond = 100

// cpuTime is the user and system time of all threads of a process together,
// including ended threads. It counts in steps of 10 ms.
func cpuTime(pid int) (time.Duration, error) {
	b, err := readProc(pid, "stat")
	if err != nil {
		return 0, err
	}
	return parseStat(string(b))
}

// pss is the memory of a process in bytes; memory shared with other processes
// is divided among all of them.
func pss(pid int) (uint64, error) {
	b, err := readProc(pid, "smaps_rollup")
	if err != nil {
		return 0, err
	}
	return parsePSS(string(b))
}

func readProc(pid int, name string) ([]byte, error) {
	if runtime.GOOS != "linux" {
		return nil, &notHere{"it needs the /proc of Linux"}
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		return nil, fmt.Errorf("reading what the kernel knows of a process: %w", err)
	}
	return b, nil
}

// parseStat reads utime and stime of /proc/PID/stat.
func parseStat(text string) (time.Duration, error) {
	// The second field is the name in brackets, and may hold anything.
	f := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3 // as proc(5) numbers them; f starts at 3
	if len(f) <= stime {
		return 0, fmt.Errorf("stat of a process: %d fields after the name in %.100q", len(f), text)
	}
	var ticks uint64
	for _, at := range []int{utime, stime} {
		n, err := strconv.ParseUint(f[at], 10, 48)
		if err != nil {
			return 0, fmt.Errorf("stat of a process: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / ticksPerSecond), nil
}

// parsePSS reads the Pss line of smaps_rollup, in bytes.
func parsePSS(text string) (uint64, error) {
	for line := range strings.Lines(text) {
		value, ok := strings.CutPrefix(line, "Pss:")
		if !ok {
			continue
		}
		number, ok := strings.CutSuffix(strings.TrimSpace(value), " kB")
		n, err := strconv.ParseUint(number, 10, 48)
		if !ok || err != nil {
			return 0, fmt.Errorf("memory of a process: %.100q is not an amount in kB", value)
		}
		return n << 10, nil
	}
	return 0, fmt.Errorf("memory of a process: no Pss line in %.100q", text)
}
