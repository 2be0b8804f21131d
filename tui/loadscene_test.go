package tui

import (
	"math/rand/v2"
	"time"

	"muster/internal/load"
	"muster/internal/onscreen"
	"muster/tui/internal/cell"
)

// loadScene is the load of the mock-up, in the midst of its run.
func loadScene(s *screen) {
	s.dialog = &loadPane{}
	s.load.set = onscreen.LoadSettings{Addr: "127.0.0.1:3000", Rate: 8200, Concurrency: 256, Idle: 80, Duration: loadDuration}
	s.load.ran = true
	s.load.stats = onscreen.LoadStats{Stats: load.Stats{
		Counts:   load.Counts{Sent: 1_210_011, OK: 1_210_000, Cut: 1},
		InFlight: 10,
		Elapsed:  150 * time.Second,
		Left:     150 * time.Second,
		Target:   8200,
		Rate:     8190,
		Idle:     80,
		Latency:  load.Latency{P50: 310 * time.Microsecond, P90: 800 * time.Microsecond, P99: 1910 * time.Microsecond, P999: 4 * time.Millisecond, Max: 8200 * time.Microsecond},
	}, Running: true}
}

// loadPictures are the frames with the load.
func loadPictures(with func(name string, w, h int, change func(*screen))) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"60x16", 60, 16}, {"80x24", 80, 24}, {"120x40", 120, 40}} {
		with("load-before-"+size.name, size.w, size.h, func(s *screen) {
			s.dialog, s.load.set = &loadPane{}, defaultLoad()
		})
		with("load-running-"+size.name, size.w, size.h, loadScene)
		with("load-stopped-"+size.name, size.w, size.h, func(s *screen) {
			loadScene(s)
			s.dialog.(*loadPane).cursor = 2
			s.load.stats.Running, s.load.stats.InFlight, s.load.stats.Sent = false, 0, 1_210_001
		})
		with("load-failing-"+size.name, size.w, size.h, func(s *screen) {
			loadScene(s)
			s.load.set.Idle, s.load.set.Slow, s.load.set.KeepAlive = 10_000, 1_000, true
			s.dialog.(*loadPane).cursor = 3
			s.load.stats = onscreen.LoadStats{Stats: load.Stats{
				Counts:  load.Counts{Sent: 40_200, Refused: 38_000, Reset: 1200, Cut: 700, TimedOut: 250, Wrong: 50},
				Late:    3100,
				Elapsed: 5 * time.Second,
				Reasons: []load.Reason{{Kind: "refused", Text: "connect: connection refused", Count: 38_000}, {Kind: "reset", Text: "read", Count: 1200}, {Kind: "wrong", Text: "status 503", Count: 40}, {Kind: "wrong", Text: "status \x1b[2J", Count: 7}, {Kind: "wrong", Text: "", Count: 3}},
			}, Err: "nothing was answered: is a \x1b[2Jserver there?"}
		})
		with("load-wrong-"+size.name, size.w, size.h, func(s *screen) {
			loadScene(s)
			s.load.set.Path, s.load.set.Idle = "/burn?ms=15&long=enough-to-be-cut", 0
			s.dialog.(*loadPane).cursor = len(loadSettings) - 1
			s.load.stats = onscreen.LoadStats{Stats: load.Stats{
				Counts:   load.Counts{Sent: 620, Wrong: 600},
				InFlight: 20,
				Elapsed:  3 * time.Second,
				Reasons:  []load.Reason{{Kind: "wrong", Text: "status 302", Count: 590}, {Kind: "wrong", Text: "status 503", Count: 10}},
				Hint:     load.Hint{Text: "status 302 leads to /login: a redirect is not followed"},
			}, Running: true}
		})
		with("load-path-"+size.name, size.w, size.h, func(s *screen) {
			loadScene(s)
			s.load.stats.Running = false
			e := cell.EditorOf("/burn?ms=15")
			s.dialog = &loadPane{cursor: len(loadSettings) - 1, edit: &e}
		})
		with("load-head-"+size.name, size.w, size.h, func(s *screen) {
			loadScene(s)
			s.dialog = nil
		})
	}
	with("load-ascii-80x24", 80, 24, func(s *screen) {
		loadScene(s)
		s.signs = cell.NewSigns(true)
	})
	with("quit-load-80x24", 80, 24, func(s *screen) {
		loadScene(s)
		facts, short := withLoad(&s.load, "4 workers   87 connections open", "4 workers   87 open")
		s.dialog = &question{
			title: "stop the cluster and leave?", yes: "let them finish, 5 s at most", no: "stay", facts: facts, short: short, act: actQuit,
		}
	})
}

// randomLoad is any load at all.
func randomLoad(r *rand.Rand) loadView {
	n := func() uint64 { return pick(r, []uint64{0, 1, r.Uint64N(1e6), r.Uint64()}) }
	d := func() time.Duration { return time.Duration(r.Int64N(1e12)) }
	return loadView{
		set: onscreen.LoadSettings{Path: pick(r, nasty), Rate: r.IntN(2e5), Concurrency: r.IntN(2e4), KeepAlive: r.IntN(2) == 0, Idle: r.IntN(2e4), Slow: r.IntN(2e3), Duration: d()},
		ran: r.IntN(4) > 0, busy: r.IntN(4) == 0,
		stats: onscreen.LoadStats{Stats: load.Stats{
			Counts:   load.Counts{Sent: n(), OK: n(), Refused: n(), Reset: n(), Cut: n(), TimedOut: n(), Wrong: n()},
			Late:     n(),
			InFlight: n(),
			Elapsed:  d(),
			Target:   r.IntN(2e5),
			Rate:     anyFloat(r),
			Hint:     load.Hint{Text: pick(r, nasty)},
			Reasons:  []load.Reason{{Kind: "wrong", Text: pick(r, nasty), Count: n()}, {Kind: "wrong", Text: "", Count: n()}, {Kind: "refused", Text: pick(r, nasty), Count: n()}},
			Latency:  load.Latency{P50: d(), P90: d(), P99: d(), P999: d(), Max: d()},
		}, Running: r.IntN(2) == 0, Err: pick(r, nasty)},
	}
}
