package engine

import "time"

// alarm wakes the loop at a time. It is not the channel of a time.Timer: whoever
// begins to wait for one of these puts its timer into the runtime's heap, and takes
// it out again at the end of the wait, which the loop would pay for every message.
type alarm struct {
	rings chan struct{}
	timer *time.Timer
	at    time.Time // zero = it has rung
}

func newAlarm() *alarm {
	a := &alarm{rings: make(chan struct{}, 1)}
	a.timer = time.AfterFunc(time.Hour, func() {
		select {
		case a.rings <- struct{}{}:
		default: // the loop has not heard the last one yet
		}
	})
	return a
}

// set has it ring at that time, instead of what it was set to before.
func (a *alarm) set(at, now time.Time) {
	if !at.Equal(a.at) {
		a.timer.Reset(at.Sub(now))
		a.at = at
	}
}

// rang says that it was heard: it rings once, early too if it was set later
// meanwhile.
func (a *alarm) rang() { a.at = time.Time{} }

func (a *alarm) stop() { a.timer.Stop() }
