package engine

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"muster/engine/internal/proc"
)

// What an earlier look has found is believed of that process only, not of the next
// one with its number.
func TestANumberUsedAgainWasTakenForAWorkersProcess(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	p, err := readStat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	f := &family{self: os.Getpid(), token: newToken(), procs: &proc.Set{}}
	for _, same := range []bool{true, false} {
		was := p
		if !same {
			was.start--
		}
		l, err := f.look(map[int]kin{p.pid: {was, 7}})
		if err != nil {
			t.Fatal(err)
		}
		if found := slices.Contains(l.kin, kin{p, 7}); found != same {
			t.Errorf("the same process: %v, taken for a worker's: %v", same, found)
		}
	}
}

// /proc of another PID namespace speaks of other processes.
func TestProcOfAnotherNamespaceWasBelieved(t *testing.T) {
	f := &family{self: os.Getpid() + 1, procs: &proc.Set{}}
	if _, err := f.look(nil); err != errNoProc {
		t.Errorf("look: %v", err)
	}
	if _, err := f.alone(&proc.Process{PID: 1}); err != errNoProc {
		t.Errorf("alone: %v", err)
	}
}
