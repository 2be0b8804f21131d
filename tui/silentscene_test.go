package tui

import (
	"encoding/json"
	"math"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
)

const neverListened = "worker 3 has not listened for 10s: it gets no connections. " +
	"A launcher (npm, npx, tsx) keeps the channel from the program below it; start the script itself: node SCRIPT"

// nodeScene is a cluster of a Node program: it tells nothing about what it
// answers. Worker 3 never listened, and there are two addresses.
func nodeScene(w, h int, policy engine.Policy) *screen {
	s := testScreen(w, h)
	var dealt [5]uint64
	var delay [5]engine.Latency
	for t := range 40 {
		s.snap = nodeSnapshot(t, policy, &dealt, &delay)
		s.hist.Add(s.snap)
	}
	s.now = s.snap.Time
	s.selected = 2
	s.fds = map[int]int{2: 31}
	for _, e := range nodeEvents() {
		if l, ok := newLogLine(e); ok {
			s.all = append(s.all, l)
		}
	}
	s.log, s.logTotal = s.all, len(s.all)
	return s
}

func nodeSnapshot(t int, policy engine.Policy, dealt *[5]uint64, delay *[5]engine.Latency) *engine.Snapshot {
	now := sceneStart.Add(time.Duration(t) * time.Second)
	addresses := []engine.Address{{Network: "tcp", Host: "0.0.0.0", Port: 3000}, {Network: "unix", Host: "/run/app.sock"}}
	s := &engine.Snapshot{
		V: 1, Tick: uint64(t), Time: now, Started: sceneStart, PID: 30400, CPUs: 4, Command: "sh -c 'exec node server.js'",
		Settings: engine.Settings{Exec: "/bin/sh", Args: []string{"-c", "exec node server.js"}, Silent: ptr(true), Cwd: "/srv/app"},
		Policy:   policy, Addresses: addresses, Grace: 5 * time.Second, Stall: 10 * time.Second, Open: ptr(33),
	}
	var all engine.Latency
	for id := 1; id <= 4; id++ {
		w := engine.Row{
			ID: id, Slot: id - 1, PID: 30410 + id, State: engine.StateListening, By: engine.ByAPI,
			Forked: sceneStart, Online: sceneStart, Listening: sceneStart, Changed: sceneStart, Connected: true,
			Addresses: addresses, Open: ptr(10 + id), CPU: ptr(30 + 20*math.Sin(float64(t+3*id)/4)), Mem: ptr(uint64(48<<20 + id<<18)),
		}
		if id == 3 { // nothing of it is known but what the system says
			w.State, w.Listening, w.Addresses, w.Open, w.CPU = engine.StateOnline, time.Time{}, nil, nil, ptr(0.0)
			if t >= 10 {
				w.Note = "never listened"
			}
		} else if policy == engine.SchedRR {
			dealt[id] += 300 + uint64(100*math.Sin(float64(t+id)/3))
			for i := range 10 {
				viewtest.Record(&delay[id], time.Duration(id*(1+i*i))*2*time.Microsecond)
			}
			l := delay[id]
			w.Dealt, w.HandOff = dealt[id], &l
			s.Dealt, s.Taken, s.Accepted = s.Dealt+dealt[id], s.Taken+dealt[id], s.Accepted+dealt[id]
			all.Merge(&l)
			s.Free = append(s.Free, id)
		}
		s.Workers = append(s.Workers, w)
	}
	s.HandOff = &all
	return s
}

func nodeEvents() []engine.Event {
	at := func(ms int) time.Time { return sceneStart.Add(time.Duration(ms) * time.Millisecond) }
	return []engine.Event{
		{Time: at(0), Kind: engine.KindSetup, By: engine.ByAPI, Call: "cluster.setupPrimary()", Detail: engine.SetupDetail{
			Exec: "/bin/sh", Policy: engine.SchedRR, Workers: 4,
			Note: "npm start: running the script of package.json without npm, which would keep the channel: node server.js",
		}},
		{Time: at(300), Kind: engine.KindListening, Worker: 2, By: engine.ByOutside, Call: "cluster 'listening' (worker 2, {port: 3000})",
			Detail: engine.ListeningDetail{Port: 3000, AddressType: "4"}},
		{Time: at(310), Kind: engine.KindMessage, Worker: 2, By: engine.ByOutside, Call: "cluster 'message' (worker 2, ...)",
			Detail: engine.MessageDetail{Message: json.RawMessage(`"ready"`)}},
		{Time: at(10000), Kind: engine.KindError, Worker: 3, By: engine.BySupervisor, Detail: engine.ErrorDetail{Text: neverListened}},
		{Time: at(20000), Kind: engine.KindSend, Worker: 2, By: engine.ByAPI, Call: `cluster.workers[2].send({"reload":true})`,
			Detail: engine.SendDetail{Message: json.RawMessage(`{"reload":true}`)}},
	}
}

// nodePictures are the golden frames of a Node program.
func nodePictures(with func(name string, w, h int, policy engine.Policy, change func(*screen))) {
	rr, shared := engine.SchedRR, engine.SchedNone
	none := func(*screen) {}
	with("node-80x24", 80, 24, rr, none)
	with("node-120x40", 120, 40, rr, none)
	with("node-200x60", 200, 60, rr, none)
	with("node-shared-80x24", 80, 24, shared, none)
	with("node-shared-120x40", 120, 40, shared, none)
	with("node-shared-160x50", 160, 50, shared, none)
	details := func(id int) func(*screen) {
		return func(s *screen) {
			s.selected = id
			s.dialog = &detailsDialog{worker: id, details: &engine.Details{
				Worker: id, Command: s.snap.Command, FDs: 31, FDLimit: 1024, Env: []string{"NODE_UNIQUE_ID=2", "NODE_APP_INSTANCE=1"},
			}}
		}
	}
	with("node-details-80x24", 80, 24, rr, details(2))
	with("node-details-120x40", 120, 40, rr, details(2))
	with("node-details-shared-80x24", 80, 24, shared, details(2))
	with("node-note-60x16", 60, 16, rr, details(3))
	with("node-note-80x24", 80, 24, rr, details(3))
}
