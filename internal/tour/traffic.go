package tour

import (
	"context"
	"errors"
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
	heavy  *load.Runner // the client of Heavy, nil = there is none
	failed uint64       // failures of both that were told already

	onPanic func(any)

	mu       sync.Mutex
	byWorker map[int]uint64 // right answers since the last mark
	answered uint64
	timed    bool            // answer times are kept
	took     []time.Duration // of the answers since timing began
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
	o := load.Options{
		Addr: addr, Anywhere: true, // the cluster's own address is on this machine
		Path: t.Path, Concurrency: t.Clients, Think: t.Think, KeepAlive: t.KeepAlive, Timeout: requestLimit,
		OnAnswer: tr.count, OnPanic: tr.onPanic,
	}
	r, err := load.Start(context.Background(), o)
	if err != nil {
		return fmt.Errorf("starting the requests: %w", err)
	}
	tr.now, tr.runner, tr.failed = t, r, 0
	if t.Heavy == "" {
		return nil
	}
	o.Path, o.Concurrency, o.Think, o.OnAnswer = t.Heavy, 1, 0, nil
	if tr.heavy, err = load.Start(context.Background(), o); err != nil {
		return fmt.Errorf("starting the heavy requests: %w", err)
	}
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
	if tr.timed {
		tr.took = append(tr.took, a.Latency)
	}
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

// timing makes the times of answers be kept from here on, or no longer.
func (tr *traffic) timing(on bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.timed, tr.took = on, nil
}

// times are the answer times since timing began.
func (tr *traffic) times() []time.Duration {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clone(tr.took)
}

// failures is how many requests of the running traffic have failed.
func (tr *traffic) failures() (n uint64) {
	for _, r := range tr.runners() {
		n += r.Stats().Failed()
	}
	return n
}

// runners are those that run.
func (tr *traffic) runners() (all []*load.Runner) {
	for _, r := range []*load.Runner{tr.runner, tr.heavy} {
		if r != nil {
			all = append(all, r)
		}
	}
	return all
}

// newlyFailed is how many requests have failed since its last call.
func (tr *traffic) newlyFailed() uint64 {
	all := tr.failures()
	n := all - tr.failed
	tr.failed = all
	return n
}

// stop ends the sending and waits until the last request has been answered, at
// most requestLimit. It returns how many failures newlyFailed has not counted,
// and the texts of all failures.
func (tr *traffic) stop() (failed uint64, texts []string, err error) {
	all := tr.runners()
	for _, r := range all {
		r.Stop()
	}
	for _, r := range all {
		res, e := r.Wait()
		texts, err = append(texts, res.Errors...), errors.Join(err, e)
	}
	failed = tr.newlyFailed()
	tr.forget()
	return failed, texts, err
}

// abandon ends the sending without waiting for the requests under way.
func (tr *traffic) abandon() {
	for _, r := range tr.runners() {
		r.Stop()
	}
	tr.forget()
}

// forget forgets what has ended, or will without being waited for.
func (tr *traffic) forget() {
	tr.runner, tr.heavy, tr.failed, tr.now = nil, nil, 0, Traffic{}
}

// words is the requests' state in words: "118 answered, 0 failed".
func (tr *traffic) words() string {
	if tr.runner == nil {
		return ""
	}
	n, _ := tr.answers()
	return fmt.Sprintf("%d answered, %d failed", n, tr.failures())
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
