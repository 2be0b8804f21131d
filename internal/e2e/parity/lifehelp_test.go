package parity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"muster/engine"
)

// lifeCluster is newCluster, and shows what has happened if the test has failed.
func lifeCluster(t *testing.T, with ...func(*engine.Options)) *engine.Cluster {
	t.Helper()
	// Else each process built with -race takes a second longer to end.
	quick := func(o *engine.Options) { o.Settings.Env = append(o.Settings.Env, "GORACE=atexit_sleep_ms=0") }
	c := newCluster(t, append(with, quick)...)
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		events, _ := c.Events(0)
		for _, e := range events {
			if b, err := json.Marshal(e); err == nil {
				t.Logf("%s", b)
			}
		}
	})
	return c
}

// heard is one call of a listener, and what the worker's methods said in it.
type heard struct {
	from, what       string
	worker           *engine.Worker
	state            engine.State
	voluntary, known bool
	connected, dead  bool
	listed           bool // it is in Workers
}

// diary is what the listeners of a cluster, and of workers, have heard. The
// cluster's one goroutine for listeners writes it: read it after end.
type diary struct {
	c         *engine.Cluster
	heard     []heard
	listening engine.ListeningDetail
	left      engine.DisconnectDetail
	exit      engine.ExitDetail
	then      map[string]func(*engine.Worker) // called at an event of the cluster, once it is written
	exited    chan struct{}                   // one for each exit
}

// keepDiary listens to the cluster. Call it before the first Fork.
func keepDiary(c *engine.Cluster) *diary {
	d := &diary{c: c, then: make(map[string]func(*engine.Worker)), exited: make(chan struct{}, 16)}
	c.OnFork(func(w *engine.Worker) { d.note("cluster", "fork", w) })
	c.OnOnline(func(w *engine.Worker) { d.note("cluster", "online", w) })
	c.OnListening(func(w *engine.Worker, l engine.ListeningDetail) {
		d.listening = l
		d.note("cluster", "listening", w)
	})
	c.OnDisconnect(func(w *engine.Worker, l engine.DisconnectDetail) {
		d.left = l
		d.note("cluster", "disconnect", w)
	})
	c.OnExit(func(w *engine.Worker, e engine.ExitDetail) {
		d.exit = e
		d.note("cluster", "exit", w)
		d.exited <- struct{}{}
	})
	return d
}

// follow listens to a worker too.
func (d *diary) follow(w *engine.Worker) {
	w.OnOnline(func() { d.note("worker", "online", w) })
	w.OnListening(func(engine.ListeningDetail) { d.note("worker", "listening", w) })
	w.OnDisconnect(func(engine.DisconnectDetail) { d.note("worker", "disconnect", w) })
	w.OnExit(func(engine.ExitDetail) { d.note("worker", "exit", w) })
}

func (d *diary) note(from, what string, w *engine.Worker) {
	h := heard{
		from: from, what: what, worker: w, state: w.State(), connected: w.IsConnected(), dead: w.IsDead(),
		listed: d.c.Worker(w.ID()) != nil,
	}
	h.voluntary, h.known = w.ExitedAfterDisconnect()
	d.heard = append(d.heard, h)
	if f := d.then[what]; f != nil && from == "cluster" {
		f(w)
	}
}

// end waits for n exits, and ends the cluster: nothing is written after it.
func (d *diary) end(t *testing.T, n int) {
	t.Helper()
	for range n {
		next(t, d.exited, "exit")
	}
	if err := d.c.Close(); err != nil {
		t.Fatal(err)
	}
}

// expect checks that the cluster's and the worker's listeners heard exactly
// these events, in this order, and all of the same worker; the worker's before
// the cluster's. fork is not an event of a worker.
func (d *diary) expect(t *testing.T, w *engine.Worker, events ...string) {
	t.Helper()
	seen := map[string][]string{}
	place := map[[2]string]int{}
	for i, h := range d.heard {
		seen[h.from] = append(seen[h.from], h.what)
		place[[2]string{h.from, h.what}] = i
		if h.worker != w {
			t.Errorf("%s '%s' is of %v, want %v", h.from, h.what, h.worker, w)
		}
	}
	own := slices.DeleteFunc(slices.Clone(events), func(s string) bool { return s == "fork" })
	if !slices.Equal(seen["cluster"], events) {
		t.Errorf("the cluster's listeners heard %v, want %v", seen["cluster"], events)
	}
	if !slices.Equal(seen["worker"], own) {
		t.Errorf("the worker's listeners heard %v, want %v", seen["worker"], own)
	}
	for _, what := range own {
		// A worker may be online before its listener is there.
		if what != "online" && place[[2]string{"worker", what}] > place[[2]string{"cluster", what}] {
			t.Errorf("'%s' came to the cluster before it came to the worker", what)
		}
	}
}

// at is what was heard of an event, of the cluster and of the worker.
func (d *diary) at(what string) []heard {
	var of []heard
	for _, h := range d.heard {
		if h.what == what {
			of = append(of, h)
		}
	}
	return of
}

// wantExit checks how a worker ended: by a signal if that is not "".
func wantExit(t *testing.T, d engine.ExitDetail, code int, sig string, voluntary bool) {
	t.Helper()
	switch {
	case sig != "" && (d.Signal == nil || *d.Signal != sig || d.Code != nil):
		t.Errorf("exit is %v, want %s and no code", d, sig)
	case sig == "" && (d.Code == nil || *d.Code != code || d.Signal != nil):
		t.Errorf("exit is %v, want code %d and no signal", d, code)
	}
	if d.Voluntary != voluntary {
		t.Errorf("exitedAfterDisconnect is %v at the exit, want %v", d.Voluntary, voluntary)
	}
}

// processState is the letter proc(5) gives a process's state, 0 if there is no
// such process.
func processState(pid int) byte {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name may hold anything, also a parenthesis.
	if f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:]); len(f) > 0 {
		return f[0][0]
	}
	return 0
}

// messages are what a worker sends, as text.
func messages(w *engine.Worker) <-chan string {
	come := make(chan string, 16)
	w.OnMessage(func(m engine.Message) { come <- string(m.Value) })
	return come
}
