package tui

import (
	"io"
	"math"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// The scene of the mock-ups: worker 2 is selected, 3 was told to
// disconnect, 5 took the place of 4, which was killed, and was killed itself.

var sceneStart = time.Date(2026, 11, 24, 12, 0, 19, 0, time.Local)

const sceneTicks = 252 // 4m12s

func ptr[T any](v T) *T { return &v }

func theme(p termenv.Profile) *styles.Theme {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(p)
	return styles.Dark(r)
}

func testScreen(w, h int) *screen {
	return &screen{
		w: w, h: h, theme: styles.None(), signs: cell.NewSigns(false), view: viewOverview,
		hist: hist.New(), tick: time.Second, tableState: tableState{fds: map[int]int{}},
	}
}

// scene is the screen of the mock-ups.
func scene(w, h int) *screen {
	s := testScreen(w, h)
	var counters sceneCounters
	for t := range sceneTicks + 1 {
		s.snap = counters.at(t)
		s.hist.Add(s.snap)
	}
	s.now = s.snap.Time
	s.selected = 2
	s.fds = map[int]int{2: 60}
	for _, e := range sceneEvents() {
		if l, ok := newLogLine(e); ok {
			s.all = append(s.all, l)
		}
	}
	s.log, s.logTotal = s.all, len(s.all)
	return s
}

// sceneCounters are the cumulative figures of workers 1, 2, 3 and 5.
type sceneCounters struct {
	dealt, done [6]uint64
	lat         [6]*engine.Latency
}

// lastWindow is what each was dealt in the last 10 s.
var lastWindow = [6]uint64{1: 23100, 2: 23000, 3: 16800, 5: 19300}

func (c *sceneCounters) at(t int) *engine.Snapshot {
	now := sceneStart.Add(time.Duration(t) * time.Second)
	left := sceneTicks - t // ticks before the end
	s := &engine.Snapshot{
		V: 1, Tick: uint64(t), Time: now, Started: sceneStart, PID: 20400, CPUs: 4, Command: "muster (built-in worker)",
		Policy: engine.SchedRR, Addresses: []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}},
		Settings: engine.Settings{Exec: "/usr/bin/muster", Env: []string{"LOG=debug", "DB_PASSWORD=hunter2"}},
		Grace:    5 * time.Second, StopSignal: "SIGTERM", Stall: 10 * time.Second,
		Restarts: 2, Lost: 1, DealtAgain: 2, Handing: 1, Free: []int{1, 2},
		Accepted: 8240 * uint64(t), Taken: 8240 * uint64(t), Open: ptr(87), ReqRate: ptr(8242.0),
		HandOff: &engine.Latency{},
	}
	if left > 30 {
		s.ReqRate = ptr(6000 + 150*math.Sin(float64(t)))
		s.Open = ptr(60 + t%7)
	} else if left > 0 {
		s.ReqRate = ptr(8200 + 150*math.Sin(float64(t)))
		s.Open = ptr(85 + t%7)
	}
	for _, id := range []int{1, 2, 3, 5} {
		if id == 5 && left > 9 {
			continue // worker 4 was in its place
		}
		c.step(id, t, left)
		s.Workers = append(s.Workers, c.worker(id, t, left, now))
	}
	return s
}

// step adds what a worker did in tick t.
func (c *sceneCounters) step(id, t, left int) {
	var l engine.Latency
	l.Merge(c.lat[id])
	if left < hist.Window {
		n := lastWindow[id] / hist.Window
		if id == 5 {
			n = lastWindow[id]
			if left < 9 {
				n = 0
			}
		}
		c.dealt[id] += n
		viewtest.RecordN(&l, 310*time.Microsecond, 60)
		viewtest.RecordN(&l, 740*time.Microsecond, 38)
		viewtest.RecordN(&l, 1910*time.Microsecond, 2)
		if left == 3 {
			viewtest.Record(&l, 8200*time.Microsecond)
		}
	} else {
		end := [6]uint64{1: 425000, 2: 425000, 3: 419000}[id]
		c.dealt[id] = (end - lastWindow[id]) * uint64(t+1) / uint64(sceneTicks-hist.Window+1)
	}
	c.done[id] = c.dealt[id]
	c.lat[id] = &l
}

func (c *sceneCounters) worker(id, t, left int, now time.Time) engine.Row {
	w := engine.Row{
		ID: id, Slot: id - 1, PID: 20410 + id, State: engine.StateListening, By: engine.ByAPI,
		Forked: sceneStart, Online: sceneStart, Listening: sceneStart, Changed: sceneStart, Connected: true,
		Addresses: []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}},
		Dealt:     c.dealt[id], Done: ptr(c.done[id]), Latency: c.lat[id],
		Open: ptr(22), ReqRate: ptr(2050 + 200*math.Sin(float64(t*id))), CPU: ptr(24.0), Mem: ptr(uint64(8283750)),
	}
	if left > 30 {
		w.ReqRate = ptr(1500 + 150*math.Sin(float64(t*id)))
	}
	switch {
	case id == 1 && left == 0:
		w.Hand, w.Open, w.ReqRate, w.CPU = 1, ptr(41), ptr(4130.0), ptr(48.2)
	case id == 2 && left == 0:
		w.Open, w.ReqRate, w.CPU, w.Mem = ptr(43), ptr(4100.0), ptr(47.9), ptr(uint64(8178892))
	case id == 3 && left < 2:
		w.State, w.Changed, w.LeaveBy = engine.StateDisconnecting, now.Add(-1800*time.Millisecond), now.Add(3200*time.Millisecond)
		w.Open, w.ReqRate, w.CPU = ptr(3), ptr(12.0), ptr(1.4)
		w.ExitedAfterDisconnect = ptr(true)
	case id == 5:
		w.Slot, w.PID, w.Restarts, w.Replaces, w.ReplacesWhy = 3, 20533, 2, 4, "SIGKILL"
		w.Forked = sceneStart.Add(243 * time.Second)
		w.Done = ptr(uint64(19200))
		w.LastExit, w.LastExitAt = "SIGKILL", sceneStart.Add(243*time.Second)
		if left == 0 {
			w.State, w.Ended, w.Changed, w.LastExitAt = engine.StateExited, now, now, now
			w.Connected, w.Dead = false, true
			w.Exit = &engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL")}
			w.Cut = new(0)
			w.Next = &engine.Next{At: now.Add(400 * time.Millisecond), Deaths: 2, Of: 5}
		}
	}
	return w
}

// sceneEvents is the log of the mock-ups.
func sceneEvents() []engine.Event {
	at := func(min, sec, ms int) time.Time {
		return time.Date(2026, 11, 24, 12, min, sec, ms*1e6, time.Local)
	}
	var ev []engine.Event
	add := func(t time.Time, worker int, by engine.By, call string, d engine.Detail, kind engine.Kind, pid int) {
		ev = append(ev, engine.Event{
			Seq: uint64(len(ev) + 1), Time: t, Kind: kind, Worker: worker, Slot: max(worker-1, 0), PID: pid, Call: call, By: by, Detail: d,
		})
	}
	add(at(0, 19, 200), 0, engine.ByAPI, "cluster.setupPrimary()", engine.SetupDetail{Exec: "/usr/bin/muster", Workers: 4, Policy: engine.SchedRR}, engine.KindSetup, 0)
	for id := 1; id <= 4; id++ {
		n := 10 + 12*(id-1)
		add(at(0, 19, 200+n), id, engine.ByAPI, "cluster.fork() -> worker "+itoa(id), engine.ForkDetail{}, engine.KindFork, 20410+id)
		add(at(0, 19, 204+n), id, engine.ByOutside, "cluster 'online' (worker "+itoa(id)+")", engine.OnlineDetail{Ms: 21}, engine.KindOnline, 20410+id)
		add(at(0, 19, 208+n), id, engine.ByOutside, "cluster 'listening' (worker "+itoa(id)+", {port: 3000})",
			engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4", Ms: 29}, engine.KindListening, 20410+id)
	}
	add(at(2, 2, 118), 0, wireword.ByKey, "cluster.schedulingPolicy = cluster.SCHED_NONE",
		engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 3}, engine.KindPolicy, 0)
	add(at(2, 44, 902), 0, wireword.ByKey, "cluster.schedulingPolicy = cluster.SCHED_RR",
		engine.PolicyDetail{From: engine.SchedNone, To: engine.SchedRR, Ms: 3}, engine.KindPolicy, 0)
	add(at(3, 40, 27), 2, engine.ByOutside, "", engine.OutputDetail{Stream: "stdout", Text: "配置を読み込みました 🚀"}, engine.KindOutput, 20412)
	add(at(4, 22, 310), 4, wireword.ByKey, "process.kill(20414, 'SIGKILL')", engine.KillDetail{Signal: "SIGKILL", Crash: true}, engine.KindKill, 20414)
	add(at(4, 22, 311), 0, engine.BySupervisor, "", engine.DealtAgainDetail{Count: 2}, engine.KindDealtAgain, 0)
	add(at(4, 22, 312), 4, engine.ByOutside, "cluster 'disconnect' (worker 4)", engine.DisconnectDetail{}, engine.KindDisconnect, 20414)
	add(at(4, 22, 312), 4, engine.ByOutside, "cluster 'exit' (worker 4, null, 'SIGKILL')",
		engine.ExitDetail{Signal: ptr("SIGKILL"), DealtAgain: 2, Cut: new(1)}, engine.KindExit, 20414)
	add(at(4, 22, 313), 5, engine.BySupervisor, "cluster.fork() -> worker 5",
		engine.ForkDetail{Replaces: 4, Why: "SIGKILL", Try: 1, Of: 5}, engine.KindFork, 20533)
	add(at(4, 22, 331), 5, engine.ByOutside, "cluster 'online' (worker 5)", engine.OnlineDetail{Ms: 17, DeathMs: 18, Of: 4}, engine.KindOnline, 20533)
	add(at(4, 22, 343), 5, engine.ByOutside, "cluster 'listening' (worker 5, {port: 3000})",
		engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, AddressType: "4", Ms: 30, DeathMs: 31, Of: 4}, engine.KindListening, 20533)
	add(at(4, 29, 650), 3, wireword.ByKey, "cluster.workers[3].disconnect()", engine.LeaveDetail{InFlight: 11, GraceMs: 5000}, engine.KindLeave, 20413)
	add(at(4, 31, 189), 5, engine.ByOutside, "cluster 'disconnect' (worker 5)", engine.DisconnectDetail{}, engine.KindDisconnect, 20533)
	add(at(4, 31, 190), 5, engine.ByOutside, "cluster 'exit' (worker 5, null, 'SIGKILL')",
		engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL"), RetryMs: 400, Deaths: 2, Of: 5}, engine.KindExit, 20533)
	return ev
}

// tickSnapshot is a picture of workers with these cumulative counts dealt.
func tickSnapshot(tick uint64, dealt map[int]uint64) *engine.Snapshot {
	s := &engine.Snapshot{Tick: tick, Policy: engine.SchedRR}
	for id := range 10 {
		if n, ok := dealt[id]; ok {
			s.Workers = append(s.Workers, engine.Row{ID: id, State: engine.StateListening, Dealt: n, ReqRate: ptr(float64(tick))})
		}
	}
	return s
}
