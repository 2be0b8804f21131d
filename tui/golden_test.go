package tui

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/testkit"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"

	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// pictures are the frames that are kept as text, each made when it is asked for.
func pictures() map[string]func() *screen {
	p := map[string]func() *screen{}
	with := func(name string, w, h int, change func(*screen)) {
		p[name] = func() *screen {
			s := scene(w, h)
			change(s)
			return s
		}
	}
	asIs := func(*screen) {}
	with("overview-60x16", 60, 16, asIs)
	with("overview-80x24", 80, 24, asIs)
	with("overview-100x30", 100, 30, asIs)
	with("overview-120x40", 120, 40, asIs)
	with("overview-160x50", 160, 50, asIs)
	with("overview-200x60", 200, 60, asIs)
	with("small-58x20", 58, 20, asIs)
	with("overview-80x20", 80, 20, asIs)
	with("ascii-80x24", 80, 24, func(s *screen) { s.signs = cell.NewSigns(true) })
	with("log-80x24", 80, 24, func(s *screen) { s.view, s.focus = viewLog, paneLog })
	with("log-filtered-120x40", 120, 40, func(s *screen) {
		s.view, s.focus, s.filter[paneLog] = viewLog, paneLog, "sigkill"
		s.log = nil
		for _, l := range s.all {
			if l.match("sigkill") {
				s.log = append(s.log, l)
			}
		}
	})
	for _, size := range []struct {
		name string
		w, h int
	}{{"60x16", 60, 16}, {"80x24", 80, 24}, {"120x40", 120, 40}} {
		with("help-"+size.name, size.w, size.h, func(s *screen) { s.help = true })
		with("kill-"+size.name, size.w, size.h, func(s *screen) { s.dialog = &killMenu{worker: 2, pid: 20412} })
		with("message-"+size.name, size.w, size.h, messageScene)
		with("message-empty-"+size.name, size.w, size.h, func(s *screen) {
			s.dialog = &messagePrompt{worker: 2, pid: 20412}
		})
		with("details-"+size.name, size.w, size.h, detailsScene)
		with("crash-loop-"+size.name, size.w, size.h, crashScene)
		with("details-dead-"+size.name, size.w, size.h, deadScene)
		with("empty-"+size.name, size.w, size.h, emptyScene)
	}
	with("details-200x60", 200, 60, detailsScene)
	with("message-ascii-80x24", 80, 24, func(s *screen) {
		s.signs = cell.NewSigns(true)
		messageScene(s)
	})
	with("message-gone-60x16", 60, 16, func(s *screen) {
		messageScene(s)
		s.dialog.(*messagePrompt).pid = 99999 // the id is another process's
	})
	with("message-long-80x24", 80, 24, func(s *screen) {
		messageScene(s)
		d := s.dialog.(*messagePrompt)
		d.edit.Set(`{"text": "` + strings.Repeat("配置を読み込みました ", 8) + `"`)
		d.edit.Edit("left")
	})
	with("quit-80x24", 80, 24, func(s *screen) {
		s.dialog = &question{
			title: "stop the cluster and leave?", yes: "let them finish, 5 s at most", no: "stay",
			facts: "4 workers   87 connections open", act: actQuit,
		}
	})
	with("quit-60x16", 60, 16, func(s *screen) {
		s.dialog = &question{
			title: "stop the cluster and leave?", yes: "let them finish, 5 s at most", no: "stay",
			facts: "4 workers   87 connections open", short: "4 workers   87 open", act: actQuit,
		}
	})
	with("stopping-60x16", 60, 16, stoppingScene)
	with("stopping-80x24", 80, 24, stoppingScene)
	with("stopping-120x40", 120, 40, stoppingScene)
	with("log-60x16", 60, 16, func(s *screen) { s.view, s.focus = viewLog, paneLog })
	with("help-vim-60x16", 60, 16, func(s *screen) { s.help, s.vim = true, true })
	with("help-ascii-60x16", 60, 16, func(s *screen) { s.help, s.signs = true, cell.NewSigns(true) })
	with("details-filtered-80x24", 80, 24, func(s *screen) {
		s.dialog = &detailsDialog{worker: 5}
		s.filter[paneDetails], s.filtering = "death", true
	})
	with("kill-crash-60x16", 60, 16, func(s *screen) {
		crashScene(s)
		s.snap.Workers[1] = listening(18)
		s.snap.Workers[1].Forked, s.snap.Workers[1].Changed = s.now.Add(-9*time.Second), s.now.Add(-9*time.Second)
		s.dialog = &killMenu{worker: 18, pid: 20428}
	})
	with("frozen-80x24", 80, 24, func(s *screen) {
		s.frozen, s.missedIn = s.now, 48
		s.now = s.now.Add(12 * time.Second)
	})
	with("scrolled-80x24", 80, 24, func(s *screen) { s.focus, s.logBack = paneLog, 5 })
	with("filter-80x24", 80, 24, func(s *screen) { s.filtering, s.filter[paneTable] = true, "20412" })
	with("toast-80x24", 80, 24, func(s *screen) { s.toast = "1 shows the workers" })
	with("shared-80x24", 80, 24, func(s *screen) { s.snap.Policy = engine.SchedNone })
	with("many-80x24", 80, 24, func(s *screen) { manyScene(s, 64); s.tableTop = 4 })
	with("many-120x40", 120, 40, func(s *screen) { manyScene(s, 16) })
	loadPictures(with)
	tourPictures(with)
	trafficPictures(with)
	explainPictures(with)
	policyPictures(with)
	nodePictures(func(name string, w, h int, policy engine.Policy, change func(*screen)) {
		p[name] = func() *screen {
			s := nodeScene(w, h, policy)
			change(s)
			return s
		}
	})
	return p
}

func detailsScene(s *screen) {
	s.dialog = &detailsDialog{worker: 2, details: &engine.Details{
		Worker: 2, PID: 20412, Command: "muster (built-in worker)", FDs: 60, FDLimit: 1024,
		Env: []string{"PATH=/usr/bin:/bin", "DB_PASSWORD=hunter2", "NODE_UNIQUE_ID=2", "LANG=C.UTF-8", "HOME=/root"},
	}}
}

// messageScene has the prompt of M open in the midst of a conversation; what
// another worker says is none of it.
func messageScene(s *screen) {
	s.dialog = &messagePrompt{worker: 2, pid: 20412, edit: cell.EditorOf(`{"clear": ["cache", 2]}`)}
	say := func(ago time.Duration, worker int, d engine.Detail, kind engine.Kind) {
		e := engine.Event{Time: s.now.Add(-ago), Kind: kind, Worker: worker, PID: 20410 + worker, By: wireword.ByKey, Detail: d}
		if l, ok := newLogLine(e); ok {
			s.all = append(s.all, l)
		}
	}
	for i, text := range []string{`"hello"`, `{"a":1}`, `[1,"<b>"]`} {
		ago := time.Duration(9-3*i) * time.Second
		say(ago, 2, engine.SendDetail{Message: json.RawMessage(text)}, engine.KindSend)
		say(ago-time.Second, 2, engine.MessageDetail{Message: json.RawMessage(`{"worker":2,"pid":20412,"echo":` + text + `}`)}, engine.KindMessage)
		say(ago-time.Second, 1, engine.MessageDetail{Message: json.RawMessage(`"from another"`)}, engine.KindMessage)
	}
	s.log, s.logTotal = s.all, len(s.all)
}

func stoppingScene(s *screen) {
	s.dialog = &stopping{since: s.now}
	s.snap.Stopping, s.snap.StopBy = true, s.now.Add(4200*time.Millisecond)
}

// deadScene shows the details of a slot that gave up.
func deadScene(s *screen) {
	crashScene(s)
	s.dialog = &detailsDialog{worker: 17}
	at := s.now.Add(-4300 * time.Millisecond)
	for i, d := range []engine.Detail{
		engine.ForkDetail{Replaces: 13, Try: 4, Of: 5}, engine.OnlineDetail{Ms: 21},
		engine.OutputDetail{Stream: "stderr", Text: "node:internal/modules/cjs/loader:1078"},
		engine.OutputDetail{Stream: "stderr", Text: "  throw err;"},
		engine.OutputDetail{Stream: "stderr", Text: "  ^"},
		engine.OutputDetail{Stream: "stderr", Text: "Error: Cannot find module './config'"},
		engine.DisconnectDetail{}, engine.ExitDetail{Cut: new(0), Code: ptr(1)},
		engine.StoppedDetail{Deaths: 5, Text: "Error: Cannot find module './config'"},
	} {
		kinds := []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindOutput, engine.KindOutput, engine.KindOutput, engine.KindOutput,
			engine.KindDisconnect, engine.KindExit, engine.KindStopped}
		e := engine.Event{Seq: uint64(i + 1), Time: at.Add(time.Duration(i) * 30 * time.Millisecond), Kind: kinds[i], Worker: 17, PID: 21044,
			By: engine.BySupervisor, Detail: d}
		if l, ok := newLogLine(e); ok {
			s.all = append(s.all, l)
		}
	}
	s.log, s.logTotal = s.all, len(s.all)
}

func crashScene(s *screen) {
	now := sceneStart.Add(14 * time.Second)
	s.now, s.selected, s.snap, s.hist = now, 17, crashSnapshot(now), hist.New()
	s.hist.Add(s.snap)
	s.all, s.log = nil, nil
}

func crashSnapshot(now time.Time) *engine.Snapshot {
	snap := &engine.Snapshot{
		Time: now, Tick: 14, Started: sceneStart, Policy: engine.SchedRR, CPUs: 4, Restarts: 16,
		Addresses: []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}},
	}
	for i := range 4 {
		snap.Workers = append(snap.Workers, engine.Row{
			ID: 17 + i, Slot: i, PID: 21044 + 3*i, State: engine.StateExited, Restarts: 4, Dead: true,
			Forked: now.Add(-4300 * time.Millisecond), Ended: now.Add(-4 * time.Second), Changed: now.Add(-4 * time.Second),
			Cut:      new(0),
			Exit:     &engine.ExitDetail{Cut: new(0), Code: ptr(1)},
			Next:     &engine.Next{Stopped: true, Deaths: 5, Of: 5, Reason: "Error: Cannot find module './config'", Lines: 3},
			LastExit: "exit code 1", LastExitAt: now.Add(-4 * time.Second),
		})
	}
	return snap
}

func emptyScene(s *screen) {
	now := sceneStart.Add(63 * time.Second)
	s.now, s.selected, s.hist = now, 0, hist.New()
	s.snap = &engine.Snapshot{
		Time: now, Tick: 63, Started: sceneStart, Policy: engine.SchedRR, Queue: 12,
		Addresses: []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}},
	}
	s.hist.Add(s.snap)
}

// manyScene has n workers that do the same.
func manyScene(s *screen, n int) {
	s.hist = hist.New()
	for t := range 30 {
		snap := *s.snap
		snap.Tick, snap.Workers = uint64(t), nil
		for i := range n {
			w := s.snap.Workers[0]
			w.ID, w.Slot, w.PID = i+1, i, 30000+i
			w.Dealt = uint64(t * (100 + i%5))
			snap.Workers = append(snap.Workers, w)
		}
		s.hist.Add(&snap)
		if t == 29 {
			s.snap = &snap
		}
	}
}

// fewer is n, or an eighth of it under the race detector: that draws ten times
// slower, and has nothing to find in what one goroutine does.
func fewer(n int) int {
	if testkit.Race {
		return (n + 7) / 8
	}
	return n
}

// some is fewer of the entries of a map, those whose keys come first.
func some[V any](m map[string]V) map[string]V {
	kept := map[string]V{}
	for _, k := range slices.Sorted(maps.Keys(m))[:fewer(len(m))] {
		kept[k] = m[k]
	}
	return kept
}

func TestGoldenFrames(t *testing.T) {
	for name, picture := range some(pictures()) {
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "kill") && runtime.GOOS != "linux" {
				t.Skip("the numbers of the signals are others here")
			}
			s := picture()
			f := render(s)
			checkFrame(t, s, f)
			checkGolden(t, name, plain(f))
		})
	}
}

// checkGolden compares a picture with the one that is kept, or with -update keeps
// it.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", file, differing(string(want), got))
	}
}

// TestColoursSayNothingMore: a frame reads the same in every theme.
func TestColoursSayNothingMore(t *testing.T) {
	for name, picture := range some(pictures()) {
		s := picture()
		want := plain(render(s))
		for _, th := range []*styles.Theme{theme(termenv.TrueColor), theme(termenv.ANSI), styles.None()} {
			s.theme = th
			f := render(s)
			checkFrame(t, s, f)
			if got := plain(f); got != want {
				t.Errorf("%s in theme %s reads otherwise:\n%s", name, th.Name, differing(want, got))
			}
		}
	}
}

// plain is a frame without colours.
func plain(f frame) string {
	var b strings.Builder
	for _, l := range f.lines {
		b.WriteString(ansi.Strip(l) + "\n")
	}
	return b.String()
}

func differing(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for i := range max(len(w), len(g)) {
		a, c := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			c = g[i]
		}
		if a != c {
			b.WriteString("want |" + a + "|\ngot  |" + c + "|\n")
		}
	}
	return b.String()
}

// checkFrame: exactly h lines of exactly w cells, nothing but colours in them,
// and zones that lie inside.
func checkFrame(t *testing.T, s *screen, f frame) {
	t.Helper()
	if len(f.lines) != max(s.h, 0) {
		t.Errorf("%dx%d: %d lines", s.w, s.h, len(f.lines))
	}
	for y, l := range f.lines {
		if n := ansi.StringWidth(l); n != max(s.w, 0) {
			t.Errorf("%dx%d: line %d has %d cells: %q", s.w, s.h, y, n, l)
		}
		for _, r := range ansi.Strip(l) {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Errorf("%dx%d: line %d has control %U: %q", s.w, s.h, y, r, l)
			}
		}
		if rest := withoutColours(l); strings.ContainsRune(rest, '\x1b') {
			t.Errorf("%dx%d: line %d has more than colours: %q", s.w, s.h, y, l)
		}
	}
	for _, z := range f.zones {
		if z.x0 < 0 || z.x1 > s.w || z.x0 > z.x1 || z.y < 0 || z.y >= s.h {
			t.Errorf("%dx%d: zone %+v lies outside", s.w, s.h, z)
		}
	}
}

// withoutColours takes the sequences ESC [ digits and ; m away.
func withoutColours(l string) string {
	var b strings.Builder
	for i := 0; i < len(l); i++ {
		if l[i] == '\x1b' && i+1 < len(l) && l[i+1] == '[' {
			end := i + 2
			for end < len(l) && (l[end] == ';' || l[end] >= '0' && l[end] <= '9') {
				end++
			}
			if end < len(l) && l[end] == 'm' {
				i = end
				continue
			}
		}
		b.WriteByte(l[i])
	}
	return b.String()
}
