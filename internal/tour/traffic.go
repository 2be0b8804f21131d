package tour

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/engine"
	"muster/internal/load"
)

// requestLimit bounds one request, connecting included.
const requestLimit = 10 * time.Second

// traffic is the requests of the tour. One goroutine starts and stops it; any
// goroutine may read the counts.
type traffic struct {
	now    Traffic
	runner *load.Runner // nil = none is sent
	failed uint64       // failures of the runner that were told already

	onPanic func(any)

	mu       sync.Mutex
	byWorker map[int]uint64 // right answers since the last mark
	answered uint64
}

// target is where the cluster's first address is reached.
func target(snap *engine.Snapshot) (string, error) {
	if len(snap.Addresses) == 0 {
		return "", fmt.Errorf("the cluster serves no address")
	}
	a := snap.Addresses[0]
	if a.Network == "unix" {
		return "unix:" + a.Host, nil
	}
	return a.String(), nil
}

// start starts sending t. Earlier traffic must have been stopped.
func (tr *traffic) start(addr string, t Traffic) error {
	if t.Clients == 0 {
		return nil
	}
	// Not the player's context: its end must not cut a request that the cluster
	// still answers.
	r, err := load.Start(context.Background(), load.Options{
		Addr: addr, Anywhere: true, // the cluster's own address is on this machine
		Path: t.Path, Concurrency: t.Clients, Think: t.Think, KeepAlive: t.KeepAlive, Timeout: requestLimit,
		OnAnswer: tr.count, OnPanic: tr.onPanic,
	})
	if err != nil {
		return fmt.Errorf("starting the requests: %w", err)
	}
	tr.now, tr.runner, tr.failed = t, r, 0
	return nil
}

// count is called by every client.
func (tr *traffic) count(a *load.Answer, err error) {
	if err != nil {
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.answered++
	if id := workerOf(a.Header); id != 0 {
		tr.byWorker[id]++
	}
}

// workerOf is the worker that an answer names as its author, 0 if it names
// none.
func workerOf(h http.Header) int {
	name, _, _ := strings.Cut(h.Get("Muster-Worker"), " ")
	id, err := strconv.Atoi(name)
	if err != nil {
		return 0
	}
	return id
}

// mark makes answers count from here.
func (tr *traffic) mark() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.byWorker, tr.answered = map[int]uint64{}, 0
}

// answers counts the right answers since the mark, in all and by worker.
func (tr *traffic) answers() (n uint64, byWorker map[int]uint64) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.answered, maps.Clone(tr.byWorker)
}

// inFlight is the requests sent and not answered.
func (tr *traffic) inFlight() uint64 {
	if tr.runner == nil {
		return 0
	}
	return tr.runner.Stats().InFlight
}

// newlyFailed is how many requests have failed since its last call.
func (tr *traffic) newlyFailed() uint64 {
	if tr.runner == nil {
		return 0
	}
	all := tr.runner.Stats().Failed()
	n := all - tr.failed
	tr.failed = all
	return n
}

// stop ends the sending and waits until the last request has been answered, at
// most requestLimit. It returns how many failures newlyFailed has not counted,
// and the texts of all failures.
func (tr *traffic) stop() (failed uint64, texts []string, err error) {
	if tr.runner == nil {
		return 0, nil, nil
	}
	tr.runner.Stop()
	res, err := tr.runner.Wait()
	failed = tr.newlyFailed()
	tr.runner, tr.now = nil, Traffic{}
	return failed, res.Errors, err
}

// abandon ends the sending without waiting for the requests under way.
func (tr *traffic) abandon() {
	if tr.runner != nil {
		tr.runner.Stop()
		tr.runner, tr.now = nil, Traffic{}
	}
}

// words is the requests' state in words: "118 answered, 0 failed".
func (tr *traffic) words() string {
	if tr.runner == nil {
		return ""
	}
	n, _ := tr.answers()
	return fmt.Sprintf("%d answered, %d failed", n, tr.runner.Stats().Failed())
}

// spreadWords says which workers gave the answers: "worker 1: 45 worker 2: 44".
func (tr *traffic) spreadWords() string {
	_, by := tr.answers()
	var out []string
	for _, id := range slices.Sorted(maps.Keys(by)) {
		out = append(out, fmt.Sprintf("worker %d: %d", id, by[id]))
	}
	return strings.Join(out, "  ")
}
