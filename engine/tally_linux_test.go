package engine

import (
	"os"
	"testing"
)

func TestTallyOutlivesItsWriter(t *testing.T) {
	words, fd, err := newTally()
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "tally")
	defer f.Close()
	if err := checkTally(fd); err != nil {
		t.Error(err)
	}
	words.up(tallyEnded)
	words.up(tallyIdle)
	words.down(tallyIdle)
	got, err := tallyOf(f)
	if want := words.words(); err != nil || got != want || got[tallyEnded] != 1 || got[tallyForm] != tallyV1 {
		t.Errorf("read %v, %v; want %v", got, err, want)
	}
	// A worker may make it shorter; whoever mapped it would die of that.
	if err := f.Truncate(8); err != nil {
		t.Fatal(err)
	}
	if _, err := tallyOf(f); err == nil {
		t.Error("a tally that was cut short is read")
	}
}

// What a worker sends as its tally is read at its death: a pipe would wait then.
func TestTallyIsMemory(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if checkTally(int(r.Fd())) == nil {
		t.Error("a pipe is taken for a tally")
	}
}
