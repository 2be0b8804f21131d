package guard

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A program that finds the variable by accident must not become a primary, which
// would start a guard that does.
func TestVariableOfSomebodyElseMadeAGuard(t *testing.T) {
	for _, v := range []string{"", "1", Charge{os.Getpid(), Groups, "A=b."}.String()} {
		cmd := exec.Command("/proc/self/exe", "-test.run=^$")
		cmd.Env = append(os.Environ(), Env+"="+v)
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), Env+" is set") {
			t.Errorf("with %q: %v: %s", v, err, out)
		}
	}
}

func TestMarkWasSeenWhereItIsNot(t *testing.T) {
	const mark = "MUSTER_WORKER=0123."
	for env, want := range map[string]bool{
		mark + "1\x00":                                true,
		"A=1\x00" + mark + "12\x00B=2\x00":            true,
		"\x00\x00" + mark:                             true,
		"MUSTER_WORKER=01230.1\x00":                   false,
		"MUSTER_WORKER=\x000123.":                     false,
		"X" + mark + "1\x00":                          false,
		"A=" + mark + "1\x00":                         false,
		"MUSTER_WORKER=9.1\x00" + mark + "1":          true,
		"MUSTER_MUSTER_WORKER=0123.1\x00":             false,
		strings.Repeat("x", 70000) + "\x00" + mark:    true,
		strings.Repeat("x", 1<<16-9) + "\x00" + mark:  true,
		strings.Repeat("x", 1<<16-1) + "\x00" + mark:  true,
		strings.Repeat("x", 1<<16-9) + "\x00." + mark: false,
		"": false,
	} {
		for _, piece := range []int{1, 7, 1 << 16} {
			g := guard{Charge: Charge{Mark: mark}}
			rest := env
			got := g.marked(func(b []byte) int {
				n := copy(b[:min(piece, len(b))], rest)
				rest = rest[n:]
				return n
			})
			if got != want {
				t.Errorf("%.60q (%d bytes) in pieces of %d: %v", env, len(env), piece, got)
			}
		}
	}
}
