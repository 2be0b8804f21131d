package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// teller reports what happens: to viewers by events, to listeners by calls, to
// a logger by records. It belongs to the loop.
type teller struct {
	*clock
	pub        *publisher
	dispatcher *dispatcher
	listeners  clusterListeners
	logger     *slog.Logger // Options.Logger; nil = none
	logsMissed atomic.Uint64
}

// emit publishes an event.
func (t *teller) emit(e Event) { t.put(e, callFacts{}) }

func (t *teller) put(e Event, call callFacts) {
	e.Call = callText(&e, call)
	if e.Time.IsZero() {
		e.Time = t.now()
	}
	e.Seq = t.pub.event(e)
	t.log(e)
}

// emitFor publishes an event of a worker.
func (t *teller) emitFor(w *worker, e Event) { t.emitCall(w, e, callFacts{}) }

// emitCall is emitFor with facts about the call that the event does not have.
func (t *teller) emitCall(w *worker, e Event, call callFacts) {
	e.Worker, e.Slot, e.PID = w.id, w.slot.index, w.pid()
	t.put(e, call)
	t.deliver(w, e)
}

// failed publishes an error event; w may be nil.
func (t *teller) failed(w *worker, what string, err error) {
	text := err.Error()
	if what != "" {
		text = what + ": " + text
	}
	t.emitError(w, ErrorDetail{Text: validText(text), Errno: errnoName(err)})
}

// mended publishes that a failure has been put right; w may be nil.
func (t *teller) mended(w *worker, text string) {
	t.emitError(w, ErrorDetail{Text: validText(text), Mended: true})
}

func (t *teller) emitError(w *worker, d ErrorDetail) {
	e := Event{Kind: KindError, By: BySupervisor, Detail: d}
	if w != nil {
		t.emitFor(w, e)
		return
	}
	t.emit(e)
}

// faulted is failed for errors a worker can cause any number of times: above a
// rate they are counted and left out.
func (t *teller) faulted(w *worker, what string, err error) {
	if w == nil {
		t.failed(nil, what, err)
		return
	}
	a := &w.flow.account
	if !a.faults.spend(faultRate, t.now()) {
		a.unsaid++
		return
	}
	if a.unsaid > 0 {
		err = fmt.Errorf("%w (errors of this worker left out before it: %d)", err, a.unsaid)
		a.unsaid = 0
	}
	t.failed(w, what, err)
}

// log gives an event to Options.Logger, through the dispatcher.
func (t *teller) log(e Event) {
	if t.logger == nil {
		return
	}
	ok := t.dispatcher.postLoad(&t.dispatcher.logs, load{calls: 1}, logsLoad, func() {
		if missed := t.logsMissed.Swap(0); missed > 0 {
			t.logger.LogAttrs(context.Background(), slog.LevelWarn, "records left out, because too many came", slog.Uint64("count", missed))
		}
		t.logger.LogAttrs(context.Background(), e.level(), string(e.Kind), e.attrs()...)
	})
	if !ok {
		t.logsMissed.Add(1)
	}
}
