package proc

import (
	"fmt"
	"os"
	"testing"
)

// The resident memory is that of statm, the second number there, in pages.
func TestTheMemoryOfAProcess(t *testing.T) {
	_, mem := new(Meter).Look(os.Getpid())
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages uint64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	want := pages * uint64(os.Getpagesize())
	if mem == nil || *mem < want/2 || *mem > want*2 {
		t.Errorf("it has %v, statm says %d", mem, want)
	}
	if cpu, mem := new(Meter).Look(1 << 30); cpu != nil || mem != nil {
		t.Errorf("no process has %v and %v", cpu, mem)
	}
}
