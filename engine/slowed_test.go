package engine

import (
	"testing"
	"time"

	"muster/ipc"
)

// takeIn has the loop take in one read of worker 3, as its reader gives it.
func takeIn(l *loop, w *worker, m *ipc.Message, n int, now time.Time) {
	buf := append(<-w.flow.reading, make([]ipc.Message, n)...)
	for i := range buf {
		buf[i] = *m
	}
	l.read(w, buf, now)
	l.intake.readOn(w, buf, now)
}

func TestSlowedWorkersChannelIsLeftUnreadForAWhile(t *testing.T) {
	for name, end := range map[string]struct {
		early func(*loop, *worker)
	}{
		"until it has paid":           {nil},
		"until it has ended":          {func(l *loop, w *worker) { w.life.procEnded = true; l.intake.readNow(w) }},
		"until its channel is ending": {func(l *loop, w *worker) { l.intake.over(w, ErrBudget) }},
	} {
		t.Run(name, func(t *testing.T) {
			l, w, _ := bareLoop(t)
			ask := &ipc.Message{Kind: ipc.OtherInternal, FD: -1}
			takeIn(l, w, ask, int(budgets[chargeSocket].rate.atOnce), epoch)
			if len(w.flow.reading) != readsAhead {
				t.Fatal("within its budget it is slowed")
			}
			takeIn(l, w, ask, 500, epoch) // 50 ms' worth
			takeIn(l, w, ask, 500, epoch)
			if len(w.flow.reading) != 0 {
				t.Fatal("past its budget its channel is read on")
			}
			if end.early != nil {
				end.early(l, w)
			} else {
				l.timers.run(epoch.Add(99 * time.Millisecond))
				if len(w.flow.reading) != 0 {
					t.Error("it is read too early")
				}
				l.timers.run(epoch.Add(101 * time.Millisecond))
			}
			if len(w.flow.reading) != readsAhead {
				t.Errorf("the reader has %d of its %d buffers again", len(w.flow.reading), readsAhead)
			}
		})
	}
}

// A program that sends much to a listener that takes it loses nothing: it waits.
// A listener that is stuck holds up nothing but itself.
func TestWorkerWaitsForListenersThatGoOn(t *testing.T) {
	l, w, _ := bareLoop(t)
	heard := 0
	go l.dispatcher.run()
	t.Cleanup(l.dispatcher.end)
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	w.api.OnMessage(func(Message) {
		heard++
		if heard == 1 {
			held <- struct{}{}
			<-hold
		}
	})
	m := &ipc.Message{Kind: ipc.User, FD: -1, Raw: []byte("1")}
	takeIn(l, w, m, 1, epoch)
	receive(t, held) // else it may take some of the others first
	takeIn(l, w, m, messagesLoad.calls/4+10, epoch)
	if len(w.flow.reading) != readsAhead-1 {
		t.Fatal("it does not wait for its listeners")
	}
	now := epoch.Add(stuckAfter - listenersEvery)
	for at := epoch; at.Before(now); at = at.Add(listenersEvery) {
		l.timers.run(at)
	}
	if len(w.flow.reading) != readsAhead-1 {
		t.Error("it did not wait for them to the end")
	}
	l.timers.run(epoch.Add(stuckAfter + listenersEvery))
	if len(w.flow.reading) != readsAhead {
		t.Error("it waits for a listener that is stuck")
	}
	takeIn(l, w, m, 10, epoch.Add(2*stuckAfter))
	if len(w.flow.reading) != readsAhead {
		t.Error("it waits for it again")
	}
	close(hold)
	poll(t, "all were heard", func() bool {
		waiting, _, calls := l.dispatcher.state(&w.api.listeners.waiting)
		return waiting.calls == 0 && int(calls) > messagesLoad.calls/4+10
	})
	if ev, _ := l.pub.events.after(0); len(ofKindError(ev)) != 0 {
		t.Errorf("errors: %v", ofKindError(ev))
	}
}

func ofKindError(ev []Event) (errs []Event) {
	for _, e := range ev {
		if e.Kind == KindError {
			errs = append(errs, e)
		}
	}
	return errs
}
