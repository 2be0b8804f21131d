package tui

import (
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/safetext"
)

func TestSettingsText(t *testing.T) {
	node := engine.Settings{
		Exec: "/opt/node/bin/node", ExecArgv: []string{"--inspect"}, Args: []string{"server.js", "two words", ""}, Cwd: "/srv/app",
		Env: []string{"LOG=debug", "API_TOKEN=hunter2", "DB=pg://u:hunter2@h/d"}, Silent: ptr(false),
		Stdio: []engine.Stdio{engine.StdioIgnore, engine.StdioEvents},
	}
	for _, tt := range []struct {
		set   engine.Settings
		cells int
		want  string
	}{
		{engine.Settings{}, 100, "exec -  args -  silent unset  policy rr (SCHED_RR)"},
		{node, 400, `exec /opt/node/bin/node  execArgv --inspect  args server.js "two words" ""  silent false  stdio ignore,events` +
			`  cwd /srv/app  env LOG=*** API_TOKEN=*** DB=***  policy rr (SCHED_RR)`},
		{node, 90, `exec /opt/node/bin/node  args server.js "two word…  silent false  policy rr (SCHED_RR)  …`},
		{node, 45, `exec node  silent false  policy rr  …`},
		{engine.Settings{Exec: "a\x1b[2Jb", Cwd: "\u202e"}, 100, `exec a\x1b[2Jb  args -  silent unset  cwd \u202e  policy rr (SCHED_RR)`},
	} {
		s := testScreen(80, 24)
		s.snap = &engine.Snapshot{Policy: engine.SchedRR, Settings: tt.set}
		got := settingsText(s, tt.cells)
		if got != tt.want || safetext.Width(got) > tt.cells {
			t.Errorf("in %d cells:\n got %s\nwant %s", tt.cells, got, tt.want)
		}
		if strings.Contains(got, "hunter2") {
			t.Errorf("a secret is shown: %s", got)
		}
	}
}

// TestManySetups: each fork of a program has a 'setup'; they would hide the forks.
func TestManySetups(t *testing.T) {
	d := newDeck(t, four())
	setup := func(exec string) logLine {
		l, ok := newLogLine(engine.Event{Time: testStart, Kind: engine.KindSetup, By: engine.ByAPI, Call: "cluster.setupPrimary()",
			Detail: engine.SetupDetail{Exec: exec, Policy: engine.SchedRR}})
		if !ok {
			t.Fatal("setup has no line")
		}
		return l
	}
	fork := logLines(1, "fork")[0]
	d.show(four(), setup("/bin/a"), fork, setup("/bin/a"), fork, setup("/bin/a"))
	d.show(four(), setup("/bin/a"), setup("/bin/b"), fork, setup("/bin/b"), setup("/bin/a"))
	var got []string
	for _, l := range d.m.s.log {
		got = append(got, l.Plain[0])
	}
	if want := "/bin/a, policy rr; fork 0; fork 0; /bin/b, policy rr; fork 0; /bin/a, policy rr"; strings.Join(got, "; ") != want {
		t.Errorf("the log says %s\nwant %s", strings.Join(got, "; "), want)
	}
}

// TestDetailsSayTheWordsOfTheAPI on every screen they fit on.
func TestDetailsSayTheWordsOfTheAPI(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}, {200, 60}} {
		s := scene(size[0], size[1])
		detailsScene(s)
		text := plain(render(s))
		for _, want := range []string{"isConnected true", "isDead false", "exitedAfterDisconnect unset", "exec ", "silent unset", "policy rr"} {
			if !strings.Contains(text, want) {
				t.Errorf("%v: the details lack %q:\n%s", size, want, text)
			}
		}
		s.dialog = &detailsDialog{worker: 5}
		if text := plain(render(s)); !strings.Contains(text, "isConnected false   isDead true") {
			t.Errorf("%v: of a dead worker they say:\n%s", size, text)
		}
	}
}
