package load

import (
	"testing"
	"time"
)

// takeAll takes what is due at t and returns when each was due, after start.
func takeAll(p *plan, start, t time.Time) []time.Duration {
	var all []time.Duration
	for {
		due, ok := p.take(t)
		if !ok {
			return all
		}
		all = append(all, due.Sub(start))
	}
}

func TestPlanSpacesEvenly(t *testing.T) {
	t.Parallel()
	start := time.Now()
	for _, rate := range []int{1, 3, 7, 200, 99_999, MaxRate} {
		var p plan
		p.setRate(start, rate)
		// Ten seconds in uneven steps: what is due does not depend on when
		// somebody looks.
		n, last := 0, time.Duration(-1)
		for at := time.Duration(0); at < 10*time.Second; at += 7_777_777 {
			for _, due := range takeAll(&p, start, start.Add(at)) {
				if due > at || due <= last {
					t.Fatalf("rate %d: due at %v, after %v, taken at %v", rate, due, last, at)
				}
				last = due
				n++
			}
			if p.overdue(start.Add(at)) != 0 {
				t.Fatalf("rate %d: %d overdue after all were taken", rate, p.overdue(start.Add(at)))
			}
		}
		n += len(takeAll(&p, start, start.Add(10*time.Second-1)))
		if n != 10*rate {
			t.Errorf("rate %d: %d in ten seconds", rate, n)
		}
	}
}

// A day at the highest rate overflows nothing.
func TestPlanLasts(t *testing.T) {
	t.Parallel()
	start := time.Now()
	g := segment{from: start, rate: MaxRate}
	for _, d := range []time.Duration{time.Hour, 48 * time.Hour, 1000 * time.Hour} {
		n := int64(d/time.Second) * MaxRate
		if got := g.due(n).Sub(start); got != d {
			t.Errorf("request %d is due after %v, want %v", n, got, d)
		}
		if got := g.dueBy(start.Add(d)); got != n+1 {
			t.Errorf("%d are due by %v, want %d", got, d, n+1)
		}
	}
}

// The count of what is due and the time when it is due are each other's
// inverse, to the nanosecond.
func TestPlanCountsToTheNanosecond(t *testing.T) {
	for _, rate := range []int64{1, 3, 7, 99_999, MaxRate} {
		g := segment{from: time.Now(), rate: rate}
		for i := range int64(2000) {
			if at := g.due(i); g.dueBy(at) != i+1 || g.dueBy(at.Add(-1)) != i {
				t.Fatalf("rate %d: %d due when %d is, %d before", rate, g.dueBy(at), i, g.dueBy(at.Add(-1)))
			}
		}
	}
}

func TestPlanKeepsWhatIsDue(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var p plan
	p.setRate(start, 10) // due at 0, 100, 200 ...
	if n := len(takeAll(&p, start, at(150))); n != 2 {
		t.Fatalf("%d due after 150 ms, want 2", n)
	}
	// Nobody takes for half a second: 200 to 600 are overdue.
	if n := p.overdue(at(650)); n != 5 {
		t.Errorf("%d overdue, want 5", n)
	}
	p.setRate(at(650), 100)
	if n := p.overdue(at(650)); n != 6 { // the first of the new rate is due at 610: now
		t.Errorf("%d overdue after the change, want 6", n)
	}
	got := takeAll(&p, start, at(670))
	want := []int{200, 300, 400, 500, 600, 650, 660, 670}
	if len(got) != len(want) {
		t.Fatalf("due at %v, want %v ms", got, want)
	}
	for i := range want {
		if got[i] != time.Duration(want[i])*time.Millisecond {
			t.Errorf("due at %v, want %v ms", got, want)
		}
	}
}

// Turning the knob all the time neither adds requests nor holds them up.
func TestPlanManyChanges(t *testing.T) {
	start := time.Now()
	var p plan
	n := 0
	for ms := range 10_000 {
		now := start.Add(time.Duration(ms) * time.Millisecond)
		p.setRate(now, 10+ms%2)
		n += len(takeAll(&p, start, now))
		if len(p.segs) > 2 {
			t.Fatalf("%d segments", len(p.segs))
		}
	}
	if n < 95 || n > 115 {
		t.Errorf("%d requests in ten seconds of 10 to 11 a second", n)
	}
}

func TestPlanClosedLoop(t *testing.T) {
	start := time.Now()
	p := plan{limit: 25}
	for range 3 {
		if due, ok := p.take(start); !ok || !due.Equal(start) {
			t.Fatalf("closed loop: %v, %t", due, ok)
		}
	}
	p.setRate(start, 10)
	p.setRate(start.Add(time.Second), 0) // 0 to 1000 ms were due
	if p.overdue(start.Add(time.Hour)) != 11 {
		t.Errorf("%d given up, want 11", p.overdue(start.Add(time.Hour)))
	}
	for range 22 {
		if _, ok := p.take(start); !ok {
			t.Fatal("a closed loop that has nothing to send")
		}
	}
	if _, ok := p.take(start); ok || !p.exhausted() {
		t.Error("more than the limit")
	}
}

func TestRecent(t *testing.T) {
	var r recent
	ms := time.Millisecond
	if got := r.perSecond(0); got != 0 {
		t.Errorf("at the start: %v", got)
	}
	for i := range 500 { // 100 a second for five seconds
		r.add(time.Duration(i) * 10 * ms)
		if i == 24 {
			if got := r.perSecond(250 * ms); got != 100 {
				t.Errorf("after 250 ms: %v, want 100", got)
			}
		}
	}
	for _, tt := range []struct {
		at   time.Duration
		want float64
	}{{5000 * ms, 100}, {5099 * ms, 100}, {5500 * ms, 50}, {5900 * ms, 10}, {6000 * ms, 0}, {time.Hour, 0}} {
		if got := r.perSecond(tt.at); got != tt.want {
			t.Errorf("after %v: %v, want %v", tt.at, got, tt.want)
		}
	}
}
