package engine

import (
	"encoding/json"
	"testing"
	"time"
)

func TestReports(t *testing.T) {
	ms := func(n int) uint64 { return uint64(latencyBucket(time.Duration(n) * time.Millisecond)) }
	var none *workerStats
	one := none.add(report{Accepted: 5, Closed: 2, Done: 7, Times: [][2]uint64{{ms(1), 6}, {ms(50), 1}}, MaxNs: 52e6})
	if one.open() != 3 || one.done != 7 || one.latency.Count() != 7 || one.latency.Max() != 52*time.Millisecond {
		t.Errorf("%+v, %d times, max %v", one, one.latency.Count(), one.latency.Max())
	}
	two := one.add(report{Accepted: 6, Closed: 6, Done: 8, Times: [][2]uint64{{ms(2), 1}}, MaxNs: 2e6})
	if two.open() != 0 || two.done != 8 || two.latency.Count() != 8 {
		t.Errorf("%+v, %d times", two, two.latency.Count())
	}
	if one.latency.Count() != 7 {
		t.Error("a report changed what a snapshot holds")
	}
	same := two.add(report{Accepted: 7, Closed: 6, Done: 8})
	if same.latency != two.latency || same.open() != 1 {
		t.Errorf("a report without times: %+v", same)
	}
}

// The longest answer time stays when a later report has shorter ones only.
func TestReportedMaxStays(t *testing.T) {
	var s *workerStats
	for _, d := range []time.Duration{300 * time.Millisecond, 5 * time.Second, time.Millisecond} {
		s = s.add(report{Times: [][2]uint64{{uint64(latencyBucket(d)), 1}}, MaxNs: uint64(d)})
	}
	if s.latency.Max() != 5*time.Second {
		t.Errorf("max %v, want 5s", s.latency.Max())
	}
	if q, ok := s.latency.Quantile(1); !ok || q < 4*time.Second {
		t.Errorf("the longest of three is %v", q)
	}
}

// A worker is outside: counters that go back, or make no sense, do no harm.
func TestReportsThatCannotBe(t *testing.T) {
	var none *workerStats
	s := none.add(report{Accepted: 5, Closed: 2, Done: 7})
	for name, r := range map[string]report{
		"accepted goes back": {Accepted: 4, Closed: 2, Done: 7},
		"closed goes back":   {Accepted: 5, Closed: 1, Done: 7},
		"done goes back":     {Accepted: 5, Closed: 2, Done: 6},
	} {
		if got := s.add(r); got != s {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, c := range map[string]struct {
		r    report
		open int
	}{
		"more closed than accepted": {report{Accepted: 5, Closed: 6}, 0},
		"more than can be":          {report{Accepted: 1<<64 - 1}, 1 << 30},
	} {
		if got := none.add(c.r).open(); got != c.open {
			t.Errorf("%s: %d open, want %d", name, got, c.open)
		}
	}
	odd := none.add(report{Times: [][2]uint64{{latencyBuckets, 1}, {1<<64 - 1, 1}, {3, 2}}, MaxNs: 1<<64 - 1})
	if odd.latency.Count() != 2 || odd.latency.Max() < 0 {
		t.Errorf("%d times, max %v", odd.latency.Count(), odd.latency.Max())
	}
}

func TestReportThatIsNone(t *testing.T) {
	l := loopAt(at)
	w := &worker{id: 3, slot: &slot{index: 2}, life: life{chanEnded: true}} // so nothing is answered
	l.reported(w, []byte(`{"accepted":-1}`), epoch)
	ev, _ := l.pub.events.after(0)
	if w.seen.stats != nil || len(ev) != 1 || ev[0].Kind != KindError || ev[0].Worker != 3 {
		t.Errorf("stats %v, events %v", w.seen.stats, ev)
	}
	l.reported(w, []byte(`{"accepted":1,"closed":0,"done":0,"future":{}}`), epoch)
	if w.seen.stats == nil || w.seen.stats.open() != 1 {
		t.Errorf("stats %+v", w.seen.stats)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"accepted":5,"closed":2,"done":7,"times":[[63,6],[100,1]],"max_ns":52000000}`), []byte(`{"accepted":5,"closed":9,"done":7}`))
	f.Add([]byte(`{"accepted":18446744073709551615,"times":[[3,18446744073709551615],[3,1]]}`), []byte(`{"times":[[191,9]],"max_ns":18446744073709551615}`))
	f.Add([]byte(`{"accepted":1,"times":[[0,0]]}`), []byte(`{"accepted":1,"times":null}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var s *workerStats
		for _, raw := range [][]byte{a, b} {
			var r report
			if json.Unmarshal(raw, &r) != nil {
				continue
			}
			old := s
			s = s.add(r)
			if n := s.open(); n < 0 {
				t.Errorf("%d open", n)
			}
			for _, q := range []float64{0, 0.5, 0.99, 1} {
				if d, _ := s.latency.Quantile(q); d < 0 || d > s.latency.Max() {
					t.Errorf("quantile %v is %v, max %v", q, d, s.latency.Max())
				}
			}
			if old != nil {
				s.latency.Since(old.latency)
			}
			var sum Latency
			sum.Merge(s.latency)
		}
	})
}
