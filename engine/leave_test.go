package engine

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

// TestLeaveRules: what is next for a worker that leaves, by how long ago (in
// seconds) what was. Minus one is never.
func TestLeaveRules(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago := func(s float64) time.Time {
		if s < 0 {
			return time.Time{}
		}
		return now.Add(-time.Duration(s * float64(time.Second)))
	}
	sec := time.Second
	cli := leaveRules{grace: 8 * sec, kill: 5 * sec, signal: syscall.SIGTERM, early: true}
	noGrace, noKill, none, library := cli, cli, cli, cli
	noGrace.grace, noKill.kill, none.signal, library.early = 0, 0, 0, false
	const never = -1.
	for _, c := range []struct {
		name                         string
		rules                        leaveRules
		since, empty, stopped, limit float64 // limit: what is left for people to see
		do                           leaveDo
		wait                         float64 // until it is asked again
	}{
		{"does not leave", cli, never, never, never, never, leaveWait, never},
		{"has connections", cli, 3, never, never, 5, leaveWait, 5},
		{"has connections, grace over", cli, 8, never, never, 0, leaveSignal, never},
		{"has connections, no grace", noGrace, 300, never, never, never, leaveWait, never},
		{"nothing open, may be ending", cli, 3, 0.4, never, 5, leaveWait, 0.6},
		{"nothing open, lives on", cli, 3, 1, never, 5, leaveSignal, never},
		{"nothing open, lives on, no grace", noGrace, 3, 1, never, never, leaveSignal, never},
		{"nothing open as the grace ends", cli, 8, 0.1, never, 0, leaveSignal, never},
		{"the grace ends before that second", cli, 7.5, 0.2, never, 0.5, leaveWait, 0.5},
		{"signal sent early: the rest of the grace", cli, 3, 2, 1, 5, leaveWait, 5},
		{"signal sent late: the kill timeout", cli, 9, 2, 1, 4, leaveWait, 4},
		{"signal sent, both over", cli, 13, never, 5, 0, leaveKill, never},
		{"signal sent, kill timeout over, grace not", cli, 7, 6, 5.5, 1, leaveWait, 1},
		{"signal sent, no grace", noGrace, 300, 3, 2, 3, leaveWait, 3},
		{"signal sent, no grace, over", noGrace, 300, 6, 5, 0, leaveKill, never},
		{"no kill timeout", noKill, 300, 300, 290, never, leaveWait, never},
		{"no signal, has connections", none, 3, never, never, 5, leaveWait, 5},
		{"no signal, has connections, grace over", none, 8, never, never, 0, leaveKill, never},
		{"no signal, nothing open: the rest of the grace", none, 3, 2, never, 5, leaveWait, 5},
		{"no signal, nothing open late: the kill timeout", none, 9, 2, never, 3, leaveWait, 3},
		{"no signal, nothing open, over", none, 9, 5, never, 0, leaveKill, never},
		{"library: nothing open waits for the grace", library, 3, 2, never, 5, leaveWait, 5},
		{"library: grace over", library, 8, 7, never, 0, leaveSignal, never},
		{"killed", leaveRules{grace: sec, kill: sec, signal: syscall.SIGTERM}, never, never, never, never, leaveWait, never},
	} {
		v := leaving{since: ago(c.since), empty: ago(c.empty), stopped: ago(c.stopped)}
		do, at := c.rules.next(v, now)
		if c.wait >= 0 {
			want := now.Add(time.Duration(c.wait * float64(sec)))
			if do != c.do || !at.Equal(want) {
				t.Errorf("%s: %v at %v, want %v at %v", c.name, do, at, c.do, want)
			}
		} else if do != c.do || !at.IsZero() {
			t.Errorf("%s: %v at %v, want %v", c.name, do, at, c.do)
		}
		limit := c.rules.limit(v)
		if c.limit < 0 && !limit.IsZero() || c.limit >= 0 && !limit.Equal(now.Add(time.Duration(c.limit*float64(sec)))) {
			t.Errorf("%s: limit in %v, want %v s", c.name, limit.Sub(now), c.limit)
		}
		v.killed = true
		if do, at := c.rules.next(v, now); do != leaveWait || !at.IsZero() {
			t.Errorf("%s, killed: %v at %v", c.name, do, at)
		}
	}
}

func TestLeaveRulesOfOptions(t *testing.T) {
	sec := time.Second
	for _, c := range []struct {
		o    Options
		want leaveRules
	}{
		{Options{}, leaveRules{kill: sec, signal: syscall.SIGTERM}},
		{Options{Grace: sec}, leaveRules{grace: sec, kill: sec, signal: syscall.SIGTERM}},
		{Options{StopSignal: syscall.SIGINT, KillTimeout: 5 * sec}, leaveRules{kill: 5 * sec, signal: syscall.SIGINT, early: true}},
		{Options{StopSignal: NoStopSignal, KillTimeout: -1}, leaveRules{early: true}},
	} {
		if got := leaveRulesOf(c.o); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.o, got, c.want)
		}
	}
}

// TestNothingOpen: which looks at a worker say that nothing is open.
func TestNothingOpen(t *testing.T) {
	told := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(s int) time.Time { return told.Add(time.Duration(s) * time.Second) }
	clear := func(s int) look { return look{began: at(s), sure: true} }
	busy := func(s int) look { return look{began: at(s), open: 2, sure: true} }
	unknown := func(s int) look { return look{began: at(s), open: -1, sure: true} }
	unsure := func(s int) look { return look{began: at(s)} }
	alive := leaving{since: at(-1), told: told}
	untold, ended, drained, signalled := alive, alive, alive, alive
	untold.told = time.Time{}
	ended.ended = true
	drained.ended, drained.drained = true, true
	signalled.stopped = told
	for _, c := range []struct {
		name  string
		v     leaving
		looks []look
		empty time.Time
	}{
		{"two in a row", alive, []look{clear(1), clear(2)}, at(1)},
		{"one", alive, []look{clear(1)}, time.Time{}},
		{"not told yet", untold, []look{clear(1), clear(2)}, time.Time{}},
		{"one began before it was told", alive, []look{clear(-1), clear(1)}, time.Time{}},
		{"a connection between", alive, []look{clear(1), busy(2), clear(3)}, time.Time{}},
		{"a connection after", alive, []look{clear(1), clear(2), busy(3)}, time.Time{}},
		{"not known", alive, []look{unknown(1), unknown(2)}, time.Time{}},
		{"a hand-off under way, UDP, a shell", alive, []look{unsure(1), unsure(2), unsure(3)}, time.Time{}},
		{"without a channel one is enough", ended, []look{clear(1)}, at(1)},
		{"without a channel, a connection", ended, []look{busy(1)}, time.Time{}},
		{"without a channel, not known", ended, []look{unknown(1), unknown(2)}, time.Time{}},
		{"its servers have closed", drained, []look{unknown(1)}, at(1)},
		{"its servers have closed, UDP", drained, []look{unsure(1)}, at(1)},
		{"its servers have closed, one of its own has not", drained, []look{busy(1)}, time.Time{}},
		{"signalled already", signalled, []look{clear(1), clear(2)}, time.Time{}},
	} {
		v := c.v
		for _, k := range c.looks {
			v = v.looked(k)
		}
		if !v.empty.Equal(c.empty) {
			t.Errorf("%s: empty %v, want %v", c.name, v.empty, c.empty)
		}
	}
}

// TestLeaveStandsStillWithThePrimary: a primary that was stopped has not waited
// for anybody.
func TestLeaveStandsStillWithThePrimary(t *testing.T) {
	now := time.Now()
	v := leaving{since: now, empty: now}.shift(time.Minute)
	if want := now.Add(time.Minute); !v.since.Equal(want) || !v.empty.Equal(want) || !v.told.IsZero() {
		t.Errorf("%+v", v)
	}
}

// TestWhatALookIsSureOf: what is not counted may be open, so it never counts as
// nothing.
func TestWhatALookIsSureOf(t *testing.T) {
	now := time.Now()
	at := func(network string) *server {
		return &server{addr: Address{Network: network}, port: &sock.Port{}, dealer: deal.New(deal.TurnOrder)}
	}
	handed := at("tcp")
	handed.dealer.Add(1, now)
	handed.dealer.Offer(0, netip.Addr{})
	if _, _, ok := handed.dealer.Next(1, now); !ok {
		t.Fatal("nobody takes it")
	}
	reports := func(accepted, closed uint64) *workerStats { return &workerStats{accepted: accepted, closed: closed} }
	for _, c := range []struct {
		name   string
		server *server
		stats  *workerStats // nil = it does not tell
		ended  bool
		silent bool // it was never online
		found  lookFound
		open   int
		sure   bool
	}{
		{name: "TCP", server: at("tcp"), sure: true},
		{name: "TCP, open", server: at("tcp"), found: lookFound{open: 3}, open: 3, sure: true},
		{name: "TCP, not known", server: at("tcp"), found: lookFound{open: -1}, open: -1, sure: true},
		{name: "an unread hand-off", server: handed},
		{name: "UDP", server: at("udp")},
		{name: "a unix socket", server: at("unix")},
		{name: "a shell around it", server: at("tcp"), found: lookFound{children: true}},
		{name: "it does not speak the channel", server: at("tcp"), silent: true},
		{name: "Go, a unix socket", server: at("unix"), stats: reports(4, 4), sure: true},
		{name: "Go, a unix socket, open", server: at("unix"), stats: reports(5, 4), open: 1, sure: true},
		{name: "Go, UDP", server: at("udp"), stats: reports(4, 4)},
		{name: "Go, elsewhere", server: at("tcp"), stats: reports(4, 4), found: lookFound{open: -1}, sure: true},
		{name: "Go, elsewhere, open", server: at("tcp"), stats: reports(6, 4), found: lookFound{open: -1}, open: 2, sure: true},
		{name: "Go, the last report is old", server: at("tcp"), stats: reports(6, 4), ended: true, sure: true},
	} {
		w := &worker{id: 1, at: moments{online: now}, seen: seen{stats: c.stats}, left: leaving{ended: c.ended}, servers: map[*server]bool{c.server: true}}
		if c.silent {
			w.at.online = time.Time{}
		}
		if k := w.lookOf(c.found, now); k.open != c.open || k.sure != c.sure {
			t.Errorf("%s: open %d, sure %v; want %d, %v", c.name, k.open, k.sure, c.open, c.sure)
		}
	}
}
