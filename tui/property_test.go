package tui

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
	"muster/internal/wireword"
	"muster/tui/internal/cell"

	"github.com/muesli/termenv"
)

// nasty is text as it may come from outside.
var nasty = []string{
	"", "plain", "配置を読み込みました 🚀", "\x1b[2J\x1b]52;c;AAAA\x07", "a\tb\rc\x00", "\u202eevil\u2066", "\xff\xfe\x9b1m",
	"e\u0301\u0301\u0301\u0301\u0301\u0301", "👨‍👩‍👧‍👦 family", "\u200bzero\ufeff", "a line that is much longer than any pane could ever be on any of the terminals there are, and then some",
}

// randomScreen is any screen at all.
func randomScreen(r *rand.Rand) *screen {
	s := testScreen(r.IntN(211), r.IntN(71))
	if r.IntN(3) > 0 {
		s.w, s.h = 60+r.IntN(150), 16+r.IntN(55)
	}
	s.theme = theme([]termenv.Profile{termenv.TrueColor, termenv.ANSI, termenv.Ascii}[r.IntN(3)])
	s.signs = cell.NewSigns(r.IntN(2) == 0)
	s.now = sceneStart.Add(time.Duration(r.IntN(1e6)) * time.Second)
	tick := uint64(r.IntN(1000))
	for range 1 + r.IntN(14) {
		s.snap = randomSnapshot(r, s.now, tick)
		s.hist.Add(s.snap)
		tick += uint64(r.IntN(3))
	}
	if r.IntN(20) == 0 {
		s.hist = nil
	}
	if r.IntN(40) == 0 {
		s.snap = nil
	}
	for range r.IntN(60) {
		if l, ok := newLogLine(randomEvent(r, s.now)); ok {
			s.all = append(s.all, l)
		}
	}
	s.log, s.logTotal, s.logBack = s.all, len(s.all), r.IntN(80)-10
	s.view = []viewID{viewOverview, viewOverview, viewLog, viewKeys}[r.IntN(4)]
	s.focus, s.help, s.vim = paneID(r.IntN(2)), r.IntN(10) == 0, r.IntN(2) == 0
	s.selected, s.tableTop = r.IntN(70), r.IntN(300)-20
	s.filter = [panes]string{pick(r, nasty), pick(r, nasty)}
	if r.IntN(2) == 0 {
		s.filter = [panes]string{}
	}
	s.filtering = r.IntN(5) == 0
	if r.IntN(6) == 0 {
		s.toast = pick(r, nasty)
	}
	if r.IntN(6) == 0 {
		s.frozen = s.now.Add(-time.Duration(r.IntN(1e5)) * time.Second)
	}
	s.missed, s.fds = r.Uint64(), map[int]int{s.selected: r.IntN(1e6)}
	s.dialog, s.load = randomDialog(r), randomLoad(r)
	randomTour(r, s)
	return s
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func randomDialog(r *rand.Rand) dialog {
	switch r.IntN(11) {
	case 10:
		return &policyMenu{cursor: cursor(r.IntN(30) - 10)}
	case 0:
		return &killMenu{worker: r.IntN(70), pid: r.IntN(40000), cursor: cursor(r.IntN(30) - 10)}
	case 1:
		return &question{title: pick(r, nasty), yes: pick(r, nasty), no: pick(r, nasty), facts: pick(r, nasty), act: actQuit}
	case 2:
		return &stopping{}
	case 3:
		d := &detailsDialog{worker: r.IntN(70), scroll: r.IntN(100) - 10}
		if r.IntN(2) == 0 {
			d.details = &engine.Details{Command: pick(r, nasty), Env: []string{pick(r, nasty), "A_TOKEN=" + pick(r, nasty)}, FDs: r.IntN(10) - 1}
		}
		return d
	case 6:
		ll, _ := newLogLine(randomEvent(r, time.Now()))
		return &linePane{line: ll, scroll: r.IntN(40) - 10}
	case 5:
		return &loadPane{cursor: r.IntN(20) - 10}
	case 4:
		d := &messagePrompt{worker: r.IntN(70), pid: r.IntN(40000)}
		d.edit.Insert(strings.Repeat(pick(r, nasty), r.IntN(30)))
		for range r.IntN(len(d.edit.Value()) + 1) {
			d.edit.Edit("left")
		}
		return d
	}
	return nil
}

func maybe[T any](r *rand.Rand, v T) *T {
	if r.IntN(4) == 0 {
		return nil
	}
	return &v
}

func anyFloat(r *rand.Rand) float64 {
	return pick(r, []float64{0, 1, r.Float64() * 100, r.Float64() * 1e6, 1e300, math.NaN(), math.Inf(1), -3})
}

func randomSnapshot(r *rand.Rand, now time.Time, tick uint64) *engine.Snapshot {
	s := &engine.Snapshot{
		Tick: tick, Time: now, Started: now.Add(-time.Duration(r.Int64N(1e17))), CPUs: r.IntN(300), Command: pick(r, nasty),
		Settings: engine.Settings{Exec: pick(r, nasty), Args: []string{pick(r, nasty)}, Cwd: pick(r, nasty), Env: []string{"A=" + pick(r, nasty)}, Silent: maybe(r, true)},
		Policy:   engine.Policy(1 + r.IntN(2)), Grace: time.Duration(r.Int64N(1e11)), Stall: time.Duration(r.Int64N(1e11)),
		Stopping: r.IntN(8) == 0, StopBy: now.Add(time.Duration(r.Int64N(1e10))), Restarts: r.Uint64(), Lost: r.Uint64N(3),
		Accepted: r.Uint64(), Taken: r.Uint64(), Queue: r.IntN(2000), Waited: time.Duration(r.Int64N(1e12)), Free: r.Perm(r.IntN(60)),
		ReqRate: maybe(r, anyFloat(r)), Open: maybe(r, r.IntN(1e7)), HandOff: maybe(r, engine.Latency{}),
	}
	for range r.IntN(3) {
		s.Addresses = append(s.Addresses, engine.Address{Network: pick(r, []string{"tcp", "unix"}), Host: pick(r, nasty), Port: r.IntN(65536)})
	}
	id := 1
	for range pick(r, []int{0, 1, 4, 8, 16, 64, 256}) {
		id += r.IntN(2) * r.IntN(100000)
		s.Workers = append(s.Workers, randomWorker(r, now, id))
		id++
	}
	return s
}

func randomWorker(r *rand.Rand, now time.Time, id int) engine.Row {
	var lat engine.Latency
	viewtest.Record(&lat, time.Duration(r.Int64N(1e11)))
	w := engine.Row{
		ID: id, Slot: r.IntN(64), PID: r.IntN(5e6),
		State: pick(r, []engine.State{
			engine.StateForked, engine.StateOnline, engine.StateListening, engine.StateDisconnecting,
			engine.StateDisconnected, engine.StateExited, engine.StateListening, "odd",
		}),
		Forked: now.Add(-time.Duration(r.Int64N(1e17))), Changed: now.Add(-time.Duration(r.Int64N(5e9))),
		Restarts: r.IntN(5000), Replaces: r.IntN(3), ReplacesWhy: pick(r, nasty), ReplacedBy: r.IntN(2) * r.IntN(9),
		LastExit: pick(r, []string{"", "SIGKILL", "exit code 255", "SIGVTALRM"}), LastExitAt: now.Add(-time.Duration(r.Int64N(1e17))),
		Dealt: r.Uint64(), Open: maybe(r, r.IntN(1e6)), Done: maybe(r, r.Uint64()), ReqRate: maybe(r, anyFloat(r)),
		CPU: maybe(r, anyFloat(r)), Mem: maybe(r, r.Uint64()), Latency: maybe(r, lat), Hand: r.IntN(20), Cut: new(r.IntN(9)),
		LeaveBy: now.Add(time.Duration(r.Int64N(1e10))), ExitedAfterDisconnect: maybe(r, true),
	}
	if r.IntN(3) == 0 { // a program that tells nothing
		w.Done, w.Latency, w.ReqRate, w.HandOff = nil, nil, nil, maybe(r, lat)
	}
	if r.IntN(6) == 0 {
		w.Note = pick(r, nasty)
	}
	if r.IntN(6) == 0 {
		w.Stalled = now.Add(-time.Second)
	}
	if w.State == engine.StateExited {
		w.Ended = now
		w.Exit = maybe(r, engine.ExitDetail{Cut: new(0), Code: maybe(r, r.IntN(300)), Voluntary: r.IntN(2) == 0})
		w.Next = maybe(r, engine.Next{
			At: now.Add(time.Duration(r.Int64N(1e11))), Deaths: r.IntN(6), Of: r.IntN(6), Stopped: r.IntN(2) == 0,
			Reason: pick(r, nasty), Lines: r.IntN(4),
		})
	}
	return w
}

func randomEvent(r *rand.Rand, now time.Time) engine.Event {
	text := pick(r, nasty)
	e := engine.Event{
		Time: now.Add(-time.Duration(r.Int64N(3e9))), Worker: r.IntN(70), PID: r.IntN(5e6), Call: pick(r, nasty),
		By: pick(r, []engine.By{wireword.ByKey, engine.ByAPI, engine.BySupervisor, engine.ByOutside}),
	}
	ms := pick(r, []float64{0, 0.3, 31, 1234, 1e12, 1e300, math.NaN(), -1})
	e.Detail = pick(r, []engine.Detail{
		nil,
		engine.SetupDetail{Note: text},
		engine.SetupDetail{Exec: text, Args: []string{text}, Cwd: text, Stdio: []engine.Stdio{engine.Stdio(text)}},
		engine.SendDetail{Message: []byte(text)},
		engine.ErrorDetail{Text: text},
		engine.ForkDetail{Replaces: r.IntN(3), Try: r.IntN(3), Of: r.IntN(3)},
		engine.OnlineDetail{Ms: ms, DeathMs: ms, Of: r.IntN(2)},
		engine.ListeningDetail{Address: text, Port: r.IntN(70000) - 1, AddressType: pick(r, []string{"4", "6", "-1", "udp4"})},
		engine.MessageDetail{Message: []byte(text), Cut: r.IntN(2) == 0},
		engine.DisconnectDetail{Error: text},
		engine.ExitDetail{Signal: maybe(r, "SIGKILL"), DealtAgain: r.IntN(2), Cut: new(r.IntN(2)), RetryMs: ms, Deaths: r.IntN(2), Of: r.IntN(2)},
		engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: ms},
		engine.KillDetail{Signal: "SIGTERM", Crash: r.IntN(2) == 0, Reason: text},
		engine.LeaveDetail{InFlight: r.IntN(3), GraceMs: ms},
		engine.StallDetail{Ms: ms}, engine.StallDetail{Ms: ms, Spared: text},
		engine.DealtAgainDetail{Count: 1},
		engine.OutputDetail{Stream: pick(r, []string{"stdout", "stderr"}), Text: text, Missed: r.Uint64N(3)},
		engine.ErrorDetail{Text: text, Errno: pick(r, []string{"", "EMFILE"})},
		engine.StoppedDetail{Deaths: 5, Text: text},
		engine.OrphansDetail{Signal: "SIGTERM", Count: r.IntN(12), Processes: []engine.Orphan{{PID: r.IntN(5e6), Command: text}}},
	})
	return e
}

// TestAnyScreen: whatever the screen is, drawing it does not panic and gives
// exactly h lines of exactly w cells with nothing but colours in them.
func TestAnyScreen(t *testing.T) {
	n := 400
	if testing.Short() {
		n = 100
	}
	for seed := range uint64(fewer(n)) {
		checkSeed(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkSeed(t *testing.T, seed uint64) {
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("seed %d: %v", seed, p))
		}
	}()
	s := randomScreen(rand.New(rand.NewPCG(seed, 1)))
	checkFrame(t, s, render(s))
}

func FuzzFrame(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, 80, 24)
	}
	f.Add(uint64(0), 0, 0)
	f.Add(uint64(1), -1, -5)
	f.Fuzz(func(t *testing.T, seed uint64, w, h int) {
		s := randomScreen(rand.New(rand.NewPCG(seed, 1)))
		s.w, s.h = clamp(-2, w, 600), clamp(-2, h, 250)
		checkFrame(t, s, render(s))
	})
}

func TestAllSizes(t *testing.T) {
	s, step := scene(80, 24), 40/fewer(8)
	for _, d := range []dialog{nil, &killMenu{worker: 2, pid: 20412}, &policyMenu{cursor: 3}, &detailsDialog{worker: 2}, &stopping{}, &messagePrompt{worker: 2, pid: 20412, edit: cell.EditorOf("配置を読み込みました")}} {
		s.dialog = d
		for w := -1; w <= 210; w += step {
			for h := -1; h <= 66; h += step {
				s.w, s.h = w, h
				checkFrame(t, s, render(s))
			}
		}
		for _, size := range [][2]int{{0, 0}, {1, 1}, {2, 1}, {1, 60}, {500, 200}, {59, 16}, {60, 15}, {60, 16}, {79, 24}, {119, 40}, {160, 50}} {
			s.w, s.h = size[0], size[1]
			checkFrame(t, s, render(s))
		}
	}
}
