package tui

import (
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/load"
	"muster/internal/onscreen"

	"github.com/charmbracelet/x/ansi"
)

func TestNextRate(t *testing.T) {
	var up []string
	for rate := 1; ; rate = nextRate(rate, true) {
		up = append(up, fmtRate(rate))
		if rate == maxLoadRate {
			break
		}
	}
	want := "1 2 3 4 5 6 8 10 13 16 20 25 32 40 50 64 80 100 125 160 200 250 320 400 500 640 800 " +
		"1.0k 1.25k 1.6k 2.0k 2.5k 3.2k 4.0k 5.0k 6.4k 8.0k 10k 12.5k 16k 20k 25k 32k 40k 50k 64k 80k 100k"
	if got := strings.Join(up, " "); got != want {
		t.Errorf("up: %s", got)
	}
	var down []string
	for rate := maxLoadRate; ; rate = nextRate(rate, false) {
		down = append([]string{fmtRate(rate)}, down...)
		if rate == 1 {
			break
		}
	}
	if got := strings.Join(down, " "); got != want {
		t.Errorf("down: %s", got)
	}
	for _, tt := range []struct {
		rate     int
		up       bool
		want     int
		whatever string
	}{
		{8200, true, 10_000, "between two steps"}, {8200, false, 8000, "between two steps"},
		{maxLoadRate, true, maxLoadRate, "the bound"}, {1, false, 1, "the least"},
		{99_999, true, maxLoadRate, "under the bound"}, {1 << 40, true, maxLoadRate, "above it"}, {1 << 40, false, 80_000, "above it"},
	} {
		if got := nextRate(tt.rate, tt.up); got != tt.want {
			t.Errorf("%s: from %d (up %t) to %d, want %d", tt.whatever, tt.rate, tt.up, got, tt.want)
		}
	}
}

func TestNextStep(t *testing.T) {
	steps := []int{0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}
	for i, n := range steps[:len(steps)-1] {
		if got := nextStep(n, true); got != steps[i+1] {
			t.Errorf("up from %d: %d", n, got)
		}
		if got := nextStep(steps[i+1], false); got != n {
			t.Errorf("down from %d: %d", steps[i+1], got)
		}
	}
	if a, b, c := nextStep(0, false), nextStep(256, true), nextStep(256, false); a != 0 || b != 500 || c != 200 {
		t.Errorf("down from 0: %d; from 256: %d and %d", a, b, c)
	}
}

func TestLoadCommand(t *testing.T) {
	set := defaultLoad()
	if got := loadCommand(set); got != "muster load --rate 200" {
		t.Errorf("the default is %q", got)
	}
	set = onscreen.LoadSettings{Rate: 8200, Concurrency: 50, KeepAlive: true, Idle: 80, Slow: 2}
	if got := loadCommand(set); got != "muster load --rate 8200 --concurrency 50 --keepalive --idle 80 --slow 2" {
		t.Error(got)
	}
	for want, set := range map[string]onscreen.LoadSettings{
		"muster load --rate 1 --path '/a?b=c'":               {Addr: "127.0.0.1:3000", Path: "/a?b=c"},
		"muster load --rate 1 127.0.0.1:8080":                {Addr: "127.0.0.1:8080", Path: "/"},
		"muster load --rate 1 '[::1]:3000'":                  {Addr: "[::1]:3000"},
		`muster load --rate 1 --path /x 'unix:/a b'\''$(c)'`: {Addr: "unix:/a b'$(c)", Path: "/x"},
	} {
		set.Rate, set.Concurrency = 1, defaultLoad().Concurrency
		if got := loadCommand(set); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestLoadAddr(t *testing.T) {
	unix := engine.Address{Network: "unix", Host: "/tmp/s"}
	tcp := func(host string) engine.Address { return engine.Address{Network: "tcp", Host: host, Port: 3000} }
	for _, tt := range []struct {
		addrs []engine.Address
		want  string
	}{
		{nil, ""}, {[]engine.Address{unix}, "unix:/tmp/s"}, {[]engine.Address{{Network: "unix", Host: "\x00s"}, unix}, "abstract:s"},
		{[]engine.Address{{Network: "udp", Host: "127.0.0.1", Port: 1}}, ""}, {[]engine.Address{unix, tcp("127.0.0.1"), tcp("::1")}, "127.0.0.1:3000"},
		{[]engine.Address{tcp("::")}, "[::1]:3000"}, {[]engine.Address{tcp("0.0.0.0")}, "127.0.0.1:3000"}, {[]engine.Address{tcp("")}, "127.0.0.1:3000"},
	} {
		if got := loadAddr(&engine.Snapshot{Addresses: tt.addrs}); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.addrs, got, tt.want)
		}
	}
}

func TestLoadLines(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 4, 1, 440e6, time.Local)
	set := onscreen.LoadSettings{Rate: 8200, Concurrency: 256, Idle: 80}
	draw := func(l logLine, w int) string {
		s := testScreen(w, 24)
		return strings.TrimRight(ansi.Strip(drawLogLine(s, l, w)), " ")
	}
	st := onscreen.LoadStats{Stats: load.Stats{
		Counts:  load.Counts{Sent: 1_210_001, OK: 1_210_000, Cut: 1},
		Elapsed: 150 * time.Second,
	}}
	failed := onscreen.LoadStats{Stats: load.Stats{
		Counts:  load.Counts{Sent: 40, Refused: 39, Wrong: 1},
		Elapsed: 2 * time.Second,
	}, Err: "no \x1b[2J server"}
	wrong := onscreen.LoadStats{Stats: load.Stats{
		Counts:  load.Counts{Sent: 600, Wrong: 600},
		Elapsed: 3 * time.Second,
		Reasons: []load.Reason{{Kind: "wrong", Text: "status 503", Count: 600}},
	}}
	for _, tt := range []struct{ got, want string }{
		// The first two are the mock-ups' lines.
		{draw(rateLine(at, 6000, set), 80), " 12:04:01 >   -  load       6.0k -> 8.2k req/s, a connection each, 80 idle"},
		{draw(rateLine(at, 6000, set), 120), " 12:04:01.440 >   -  load       6.0k -> 8.2k req/s, 80 idle               muster load --rate 8200 --idle 80"},
		{draw(rateLine(at, 0, onscreen.LoadSettings{Rate: 200, KeepAlive: true}), 80), " 12:04:01 >   -  load       200 req/s, keep-alive"},
		{draw(endLine(at, true, &st), 80), " 12:04:01 >   -  load       stopped after 2m30s: 1.21M sent, 1.21M answered"},
		{draw(endLine(at, false, &st), 100), " 12:04:01.440     -  load       over after 2m30s: 1.21M sent, 1.21M answered, 1 cut"},
		{draw(endLine(at, true, &wrong), 120), " 12:04:01.440 >   -  load       stopped after 3 s: 600 sent, 0 answered, 600 wrong (status 503)"},
		{draw(rateLine(at, 0, onscreen.LoadSettings{Rate: 200, Path: "/burn?ms=15"}), 80), " 12:04:01 >   -  load       200 req/s, GET /burn?ms=15, a connection each"},
		{draw(endLine(at, false, &failed), 100), ` 12:04:01.440     -  load       failed after 2 s: no \x1b[2J server; 40 sent, 0 answered`},
	} {
		if tt.got != tt.want {
			t.Errorf("\n%q, want\n%q", tt.got, tt.want)
		}
	}
}
