package engine

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/deal"
	"muster/ipc"
)

func TestProbe(t *testing.T) {
	after := func(d time.Duration) time.Time { return epoch.Add(d) }
	fresh := probe{}.asked(7, epoch)
	known := fresh.answered(epoch)
	silent := func(p probe, at time.Duration) bool { _, ok := p.silent(after(at)); return ok }

	if fresh.answers(8) || !fresh.answers(7) || known.answers(7) {
		t.Error("which answer is the probe's is not known")
	}
	// A program that does not know what it is asked, or computes for long before
	// its event loop begins, was killed.
	if silent(fresh, time.Hour) || fresh.due(after(time.Hour)) {
		t.Error("one that has never answered is taken for silent, or asked again")
	}
	if known.due(after(probeEvery-1)) || !known.due(after(probeEvery)) {
		t.Error("it is not asked once a second")
	}
	again := known.asked(9, after(time.Second))
	if again.due(after(time.Hour)) {
		t.Error("it is asked twice at a time")
	}
	if silent(again, 2*time.Second-1) || !silent(again, 2*time.Second) {
		t.Error("it is not silent a second after it was asked")
	}
	if silent(again.answered(after(3*time.Second)), time.Hour) {
		t.Error("one that has answered is silent")
	}
	moved := again.shift(time.Minute)
	if since, _ := moved.silent(after(time.Hour)); !since.Equal(after(time.Minute + time.Second)) {
		t.Errorf("after the primary stood still for a minute: silent since %v", since.Sub(epoch))
	}
	if s := (probe{}).shift(time.Minute); s != (probe{}) {
		t.Errorf("%+v came out of no probe", s)
	}
}

// A worker that was told to leave while it started was asked as it came online,
// and Node died of an assertion.
func TestAWorkerThatLeavesWasAsked(t *testing.T) {
	for _, leaves := range []bool{false, true} {
		l, w, _ := bareLoop(t)
		l.o.Stall, l.stalls.probeFD = time.Second, -1
		w.life = life{state: StateForked, leaving: leaves}
		l.clusterMessage(w, clusterOf("online"), epoch)
		if asked := len(w.unacked) == 1; asked == leaves {
			t.Errorf("leaving %t: asked %t", leaves, asked)
		}
		_ = unix.Close(l.stalls.probeFD)
	}
}

// Which of two silences is told, and what takes one back.
func TestUnanswered(t *testing.T) {
	asked := probe{}.asked(1, epoch).answered(epoch).asked(2, epoch.Add(2*time.Second))
	now := epoch.Add(10 * time.Second)
	for _, tt := range []struct {
		name  string
		hand  time.Duration // when it was handed a connection; 0 = never
		w     worker
		since time.Duration // 0 = it is not silent
		asked bool
	}{
		{name: "nothing"},
		{name: "a hand-off", hand: 3 * time.Second, since: 3 * time.Second},
		{name: "a new hand-off", hand: 9500 * time.Millisecond},
		{name: "a probe", w: worker{silence: silence{probe: asked}}, since: 2 * time.Second, asked: true},
		{name: "an older probe", hand: 3 * time.Second, w: worker{silence: silence{probe: asked}}, since: 2 * time.Second, asked: true},
		{name: "an older hand-off", hand: time.Second, w: worker{silence: silence{probe: asked}}, since: time.Second},
		{name: "a probe of one that does not read", w: worker{silence: silence{probe: asked}, seen: seen{stats: &workerStats{full: true}}}},
		{name: "a hand-off of one that does not read", hand: 3 * time.Second, w: worker{silence: silence{probe: asked}, seen: seen{stats: &workerStats{full: true}}}, since: 3 * time.Second},
		{name: "a probe of one that has closed its channel", w: worker{silence: silence{probe: asked}, life: life{chanEnded: true}}},
	} {
		w := tt.w
		w.id = 1
		d := deal.New(deal.TurnOrder)
		d.Add(1, epoch)
		if tt.hand > 0 {
			d.Offer(1, netip.Addr{})
			d.Next(1, epoch.Add(tt.hand))
		}
		w.servers = map[*server]bool{{dealer: d}: true}
		since, asked, silent := w.unanswered(now)
		if silent != (tt.since > 0) || silent && !since.Equal(epoch.Add(tt.since)) || asked != tt.asked {
			t.Errorf("%s: silent %v since %v, asked %v", tt.name, silent, since.Sub(epoch), asked)
		}
	}
}

// A program that blocks its messages was killed in shared, where it goes on to
// accept: it says that it does not read.
func TestAWorkerThatDoesNotReadSaysSo(t *testing.T) {
	c, p := startChild(t)
	blocked, goOn := make(chan struct{}), make(chan struct{})
	n := 0
	c.OnMessage(func(Message) {
		if n++; n == 1 {
			close(blocked)
			<-goOn
		}
	})
	p.send("first")
	receive(t, blocked)
	for range inboxMessages + 100 {
		p.send("more")
	}
	full := func(want bool) {
		t.Helper()
		for {
			m := receive(t, p.msgs)
			if m.Kind != ipc.Muster {
				continue
			}
			l := loopAt(epoch)
			w := worker{life: life{chanEnded: true}} // so nothing is answered
			l.reported(&w, m.Raw, epoch)
			if w.seen.stats != nil && w.seen.stats.full == want {
				return
			}
		}
	}
	full(true)
	close(goOn)
	full(false)
}
