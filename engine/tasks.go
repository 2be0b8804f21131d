package engine

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// tasks are the goroutines of a cluster.
type tasks struct {
	wait     sync.WaitGroup
	panicked atomic.Bool               // one of them has panicked: the process is about to end
	report   func(v any, stack []byte) // Options.OnPanic; may be nil
	killAll  func()                    // ends all workers
}

// spawnTask runs f on a goroutine of the cluster. A panic in it ends the
// process in good order.
func (t *tasks) spawnTask(f func()) {
	t.wait.Add(1)
	go func() {
		defer t.wait.Done()
		defer t.onPanic()
		f()
	}()
}

// onPanic is deferred in every goroutine of the cluster.
func (t *tasks) onPanic() {
	v := recover()
	if v == nil {
		return
	}
	t.panicked.Store(true)
	if t.report != nil {
		t.report(v, debug.Stack())
	}
	t.killAll()
	panic(v)
}
