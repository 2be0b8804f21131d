package tui

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/load"
	"muster/internal/onscreen"
)

const (
	maxLoadRate  = load.MaxRate
	maxLoadConns = load.MaxClients
	maxLoadIdle  = load.MaxClients
	maxLoadSlow  = 1_000 // each slow client is a goroutine that writes ten times a second
	loadDuration = 5 * time.Minute
)

// defaultLoad is what the first enter starts: few enough requests to be
// counted, and a connection for each, so that the user sees how they are dealt.
func defaultLoad() onscreen.LoadSettings {
	return onscreen.LoadSettings{Rate: 200, Concurrency: 256, Duration: loadDuration}
}

// loadAddr is where a load goes: the cluster's first TCP address, in a form a
// client can connect to, or its first unix socket if it has none; "" if it has
// no address.
func loadAddr(snap *engine.Snapshot) string {
	socket := ""
	for _, a := range snap.Addresses {
		switch {
		case a.Network == "unix" && socket == "" && a.Host != "":
			socket = "unix:" + a.Host
			if a.Host[0] == 0 {
				socket = "abstract:" + a.Host[1:]
			}
		case a.Network == "tcp":
			switch a.Host {
			case "", "0.0.0.0":
				a.Host = "127.0.0.1"
			case "::":
				a.Host = "::1"
			}
			return a.String()
		}
	}
	return socket
}

// loadPath is the path of a load as it is sent.
func loadPath(path string) string { return cmp.Or(path, "/") }

// rateSteps are the rates + and - go through in a decade: each is about a
// quarter more.
var rateSteps = []int{100, 125, 160, 200, 250, 320, 400, 500, 640, 800}

// nextRate is the next rate above or below one, within the bounds.
func nextRate(rate int, up bool) int {
	rate = min(rate, maxLoadRate)
	before := 1
	for scale := 1; ; scale *= 10 {
		for _, step := range rateSteps {
			n := (step*scale + 50) / 100
			switch {
			case up && n > rate:
				return min(n, maxLoadRate)
			case !up && n >= rate:
				return before
			}
			before = max(n, 1)
		}
	}
}

// nextStep is the next number above or below one in the steps 0, 1, 2, 5, 10,
// 20 ...
func nextStep(n int, up bool) int {
	before := 0
	for scale := 1; ; scale *= 10 {
		for _, step := range []int{1, 2, 5} {
			next := step * scale
			switch {
			case up && next > n:
				return next
			case !up && next >= n:
				return before
			}
			before = next
		}
	}
}

// fmtRate is a rate a user has set, with no more digits than it has: 200,
// 1.25k, 6.0k, 12.5k, 100k.
func fmtRate(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(max(n, 0))
	case n < 10_000:
		text := strconv.FormatFloat(float64(n)/1000, 'f', 2, 64)
		return strings.TrimSuffix(text, "0") + "k"
	case n < 100_000:
		text := strconv.FormatFloat(float64(n)/1000, 'f', 1, 64)
		return strings.TrimSuffix(text, ".0") + "k"
	}
	return strconv.Itoa(n/1000) + "k"
}

// loadCommand is the command line that sends the same load.
func loadCommand(set onscreen.LoadSettings) string {
	var b strings.Builder
	fmt.Fprintf(&b, "muster load --rate %d", set.Rate)
	if def := defaultLoad(); set.Concurrency != def.Concurrency {
		fmt.Fprintf(&b, " --concurrency %d", set.Concurrency)
	}
	if set.KeepAlive {
		b.WriteString(" --keepalive")
	}
	for _, more := range []struct {
		flag string
		n    int
	}{{"idle", set.Idle}, {"slow", set.Slow}} {
		if more.n > 0 {
			fmt.Fprintf(&b, " --%s %d", more.flag, more.n)
		}
	}
	if path := loadPath(set.Path); path != "/" {
		b.WriteString(" --path " + shellWord(path))
	}
	if set.Addr != "" && set.Addr != defaultLoadAddr {
		b.WriteString(" " + shellWord(set.Addr))
	}
	return b.String()
}

// defaultLoadAddr is where muster load sends by default.
const defaultLoadAddr = "127.0.0.1:3000"

// shellWord is text as one word of a shell.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._:,@%+=-", r)
	}
	if text != "" && strings.TrimFunc(text, plain) == "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// loadView is what a frame shows of the load.
type loadView struct {
	set   onscreen.LoadSettings // what enter starts; while a load runs, what it sends
	stats onscreen.LoadStats
	ran   bool // a load has run: stats is about it
	busy  bool // the load is being started, or told to stop
}

// running tells whether requests are sent, or still in flight.
func (v *loadView) running() bool { return v.ran && v.stats.Running }

// loadControl turns keys into a load. One command to the loader is under way at
// a time: keys pressed meanwhile only change the wanted result.
type loadControl struct {
	loader  onscreen.Loader
	now     loadView // the newest; the screen's copy stands still while frozen
	setting bool     // SetRate is under way
	rate    int      // in force, as far as the loader has answered; 0 = no load runs
	stopped bool     // a key has stopped the load
	said    int      // the rate in the log's last line about it
	saidAt  time.Time
}
