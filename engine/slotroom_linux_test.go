package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestASlotHasTwoProcessesAtMost(t *testing.T) {
	stays, leaves := func(id int) tenant { return tenant{id, false} }, func(id int) tenant { return tenant{id, true} }
	for _, c := range []struct {
		in  []tenant
		why string // "" = there is room
	}{
		{nil, ""},
		{[]tenant{stays(1)}, ""},
		{[]tenant{leaves(1)}, ""},
		{[]tenant{leaves(1), stays(2)}, "worker 1 is still leaving"},
		{[]tenant{stays(1), leaves(2)}, "worker 2 is still leaving"},
		{[]tenant{leaves(1), leaves(2)}, "worker 1 is still leaving"},
		{[]tenant{stays(1), stays(2)}, "worker 2 has not ended yet"},
		{[]tenant{leaves(3), leaves(5), leaves(7)}, "worker 3 is still leaving"},
	} {
		blocks, ok := slotRoom(c.in)
		why := ""
		if !ok {
			why = blocks.String()
		}
		if why != c.why {
			t.Errorf("%v: %q, want %q", c.in, why, c.why)
		}
	}
}

// TestEachChannelsEndBroughtAnotherProcess: a program that ended its channel and
// lived on was replaced again and again, sixty times a second without a grace.
func TestEachChannelsEndBroughtAnotherProcess(t *testing.T) {
	t.Parallel()
	s := runWild(t, "deaf listens hangs-up", Options{Addr: "127.0.0.1:0", Workers: 2})
	waiting := func(n int) (ids []int) {
		t.Helper()
		poll(t, fmt.Sprintf("%d slots wait", n), func() bool {
			ids = nil
			for _, w := range s.Snapshot().Workers {
				if w.WaitsFor == 0 {
					continue
				}
				ids = append(ids, w.ID)
				if want := fmt.Sprintf("waits: worker %d is still leaving", w.WaitsFor); w.Note != want {
					t.Fatalf("worker %d: %q, want %q", w.ID, w.Note, want)
				}
			}
			return len(ids) == n
		})
		return ids
	}
	ids := waiting(2)
	if n := len(s.Workers()); n != 4 {
		t.Errorf("%d processes in two slots", n)
	}
	_, err := s.Do(t.Context(), Command{Op: OpRestart, Worker: ids[0]})
	if !errors.Is(err, ErrBusy) {
		t.Errorf("a restart: %v", err)
	}
	first := s.Snapshot().ByID(ids[0]).WaitsFor
	s.do(Command{Op: OpCrash, Worker: first})
	poll(t, "its slot has another one", func() bool {
		for _, w := range s.Workers() {
			if w.Slot() == s.Snapshot().ByID(ids[0]).Slot && w.ID() > ids[0] && w.ID() > ids[1] {
				return true
			}
		}
		return false
	})
	waiting(2)
	if n := len(s.Workers()); n != 4 {
		t.Errorf("%d processes in two slots", n)
	}
	w, err := s.Fork() // what is asked for is forked: a slot more
	if err != nil || w.Slot() != 2 {
		t.Errorf("a fork: slot %v, %v", w, err)
	}
}

// TestARestartWhileTheOneBeforeLeaves: it would have made a third process.
func TestARestartWhileTheOneBeforeLeaves(t *testing.T) {
	t.Parallel()
	s := runWild(t, "deaf listens", Options{Addr: "127.0.0.1:0", Workers: 1, Grace: time.Hour})
	poll(t, "it listens", func() bool { return s.Snapshot().Count().Listening == 1 })
	s.do(Command{Op: OpRestart, Worker: 1})
	poll(t, "the old one leaves", func() bool {
		w := s.Snapshot().ByID(1)
		return w != nil && w.State != StateListening
	})
	_, err := s.Do(t.Context(), Command{Op: OpRestart, Worker: 2})
	if !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), "worker 2 cannot be replaced yet, worker 1 is still leaving") {
		t.Errorf("a restart: %v", err)
	}
	s.do(Command{Op: OpCrash, Worker: 1})
	poll(t, "it is gone", func() bool { return s.Worker(1) == nil })
	s.do(Command{Op: OpRestart, Worker: 2})
}
