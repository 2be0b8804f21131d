package engine

import (
	"testing"
	"time"
)

// Pictures that nobody asks for are made less often.
func TestPicturesNobodySees(t *testing.T) {
	var p publisher
	p.show(&Snapshot{Time: epoch})
	p.touch()
	after := func() time.Duration { at, _ := p.due(); return at.Sub(epoch) }
	if got := after(); got != unseenEvery {
		t.Errorf("the next one is due after %v", got)
	}
	p.newest()
	if got := after(); got != snapEvery {
		t.Errorf("the last one was seen, and the next one is due after %v", got)
	}
	p.show(&Snapshot{Time: epoch})
	if _, due := p.due(); due {
		t.Error("one is due, and nothing has changed")
	}
	if p.touch(); after() != unseenEvery {
		t.Errorf("the one that was seen is not the newest any more, and the next one is due after %v", after())
	}
}

// All workers report at the same moments, four times a second.
func TestReportsComeTogether(t *testing.T) {
	base := time.Unix(1_000_000, 0)
	for at, want := range map[time.Duration]time.Duration{
		0:                                       tellEvery,
		time.Millisecond:                        tellEvery - time.Millisecond,
		tellEvery / 2:                           tellEvery / 2,
		tellEvery/2 + time.Millisecond:          3*tellEvery/2 - time.Millisecond, // not two within a moment
		tellEvery - time.Millisecond:            tellEvery + time.Millisecond,
		3*tellEvery + 10*time.Millisecond:       tellEvery - 10*time.Millisecond,
		time.Hour + tellEvery - time.Nanosecond: tellEvery + time.Nanosecond,
	} {
		if got := untilTelling(base.Add(at)); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
}
