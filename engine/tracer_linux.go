package engine

import (
	"os"
	"strconv"
	"strings"
)

// statusField is a field of /proc/PID/status (proc(5)), "" if there is none.
func statusField(pid int, name string) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// tracerOf is the process that traces pid by ptrace(2), such as a debugger or
// strace. 0 = none. Its name is outside text. The kernel names the tracing
// thread.
func tracerOf(pid int) (tracer int, name string) {
	thread, _ := strconv.Atoi(statusField(pid, "TracerPid"))
	if thread == 0 {
		return 0, ""
	}
	tracer, err := strconv.Atoi(statusField(thread, "Tgid"))
	if err != nil { // this process may not look at it
		tracer = thread
	}
	return tracer, validText(statusField(tracer, "Name"))
}
