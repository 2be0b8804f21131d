package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"muster/internal/cpus"
)

// machine is what the figures depend on. It does not identify the machine.
type machine struct {
	cpu, kernel, node string // "" = not known, or not there
	load              string // the load average of the last minute, at the start
	cores             int    // how many this process may use
}

func thisMachine(ctx context.Context) machine {
	m := machine{cores: cpus.Usable().N}
	// Facts that cannot be read are left out of the line.
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		m.cpu = cpuModel(string(b))
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.kernel = strings.TrimSpace(string(b))
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.load, _, _ = strings.Cut(string(b), " ")
	}
	if b, err := exec.CommandContext(ctx, "node", "--version").Output(); err == nil {
		m.node = strings.TrimSpace(string(b))
	}
	return m
}

// String is one line: "AMD EPYC, 2 cores, linux 6.18.5, go1.26.8, node v20.20.2, load at the start 0.10".
func (m machine) String() string {
	parts := []string{fmt.Sprintf("%d cores", m.cores), runtime.GOOS + " " + m.kernel, runtime.Version()}
	if m.cpu != "" {
		parts = append([]string{m.cpu}, parts...)
	}
	if m.kernel == "" {
		parts[len(parts)-2] = runtime.GOOS
	}
	if m.node != "" {
		parts = append(parts, "node "+m.node)
	}
	if m.load != "" {
		parts = append(parts, "load at the start "+m.load)
	}
	return strings.Join(parts, ", ")
}

// cpuModel is the processor's name in the text of /proc/cpuinfo, or "": not
// every architecture gives one.
func cpuModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); ok && (key == "model name" || key == "Model" || key == "cpu model") {
			return strings.Join(strings.Fields(value), " ")
		}
	}
	return ""
}
