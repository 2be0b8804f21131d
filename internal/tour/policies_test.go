package tour

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/engine"
)

// TestEveryPolicyIsMeasured by answers that came while it was in force, without
// those of the heavy client.
func TestEveryPolicyIsMeasured(t *testing.T) {
	f := newFake(1)
	var heavy atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		worker := "1 (pid 101)"
		switch {
		case r.URL.Path == "/burn":
			heavy.Add(1)
			worker = "9 (pid 109)"
		case f.Snapshot().Policy == engine.SchedRR && r.Header.Get("X-Request-Id")[0]%2 == 0:
			worker = "2 (pid 102)"
		}
		w.Header().Set("Muster-Worker", worker)
	}))
	defer srv.Close()
	addr := netip.MustParseAddrPort(srv.Listener.Addr().String())
	f.snap.Addresses = []engine.Address{{Network: "tcp", Host: addr.Addr().String(), Port: int(addr.Port())}}

	script := policies(1)
	for i := range script.Steps {
		script.Steps[i].Traffic.Think = time.Millisecond // the server is next door
	}
	var tables []string
	for i := range 2 {
		inner := script.Steps[i].done
		script.Steps[i].done = func(s *scene) bool {
			if ok := inner(s); !ok {
				return false
			}
			for _, m := range s.measured {
				if m.half <= 0 || m.most < m.half || m.busiest < 0.3 || (m.busiest == 1) != (m.policy != engine.SchedRR) {
					t.Errorf("measured %+v", m)
				}
			}
			if _, by := s.traffic.answers(); by[9] != 0 {
				t.Errorf("the heavy client counts: %v", by)
			}
			tables = append(tables, measuredFact(s))
			return true
		}
	}
	if err := play(t, f, Options{Auto: true}, script).end(); err != nil {
		t.Fatal(err)
	}
	if heavy.Load() == 0 {
		t.Error("nobody asked for heavy work")
	}
	if len(tables) != 2 {
		t.Fatalf("%d tables", len(tables))
	}
	for _, table := range tables {
		lines := strings.Split(table, "\n")
		if len(lines) != 4 {
			t.Fatalf("the table has %d lines:\n%s", len(lines), table)
		}
		at := 0
		for _, p := range engine.Policies() { // in their order, each over its figures
			end := strings.Index(lines[0], p.String()) + len(p.String())
			if end <= at {
				t.Fatalf("%v is not in its place:\n%s", p, table)
			}
			at = end
			for _, l := range lines[1:] {
				if len(l) < end || l[end-1] == ' ' {
					t.Errorf("no figure under %v:\n%s", p, table)
				}
			}
		}
		const narrow = 51 // cells of a screen of 60 columns
		for _, l := range lines {
			if len(l) > narrow {
				t.Errorf("a line has %d cells:\n%s", len(l), table)
			}
		}
		if !strings.HasPrefix(lines[1], "busiest ") || !strings.HasSuffix(lines[1], "100%") {
			t.Errorf("the shares are\n%s", table)
		}
	}
}

// TestAPolicyThatCannotBeMeasured leaves a step that has not got there.
func TestAPolicyThatCannotBeMeasured(t *testing.T) {
	s := &scene{ctx: t.Context(), traffic: &traffic{}, snap: &engine.Snapshot{Policy: engine.SchedRR}}
	for i, p := range engine.Policies() {
		if allMeasured(s) {
			t.Errorf("%d policies are all", i)
		}
		s.measured = append(s.measured, measured{policy: p})
	}
	if !allMeasured(s) {
		t.Error("all are measured, and it does not say so")
	}
}

func TestWithin(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	ten := []time.Duration{ms(10), ms(9), ms(8), ms(7), ms(6), ms(5), ms(4), ms(3), ms(2), ms(1)}
	for _, c := range []struct {
		times []time.Duration
		n     int
		want  time.Duration
	}{{nil, 9, 0}, {ten[:1], 5, ms(10)}, {ten, 5, ms(5)}, {ten, 9, ms(9)}, {ten, 10, ms(10)}, {append(ten, ms(11)), 9, ms(10)}} {
		if got := within(c.times, c.n); got != c.want {
			t.Errorf("%d of ten of %v: %v, want %v", c.n, c.times, got, c.want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0.0ms", 840 * time.Microsecond: "0.8ms", ms(34): "34ms", ms(999): "999ms", ms(1240): "1.2s", ms(10000): "10.0s"} {
		if got := brief(d); got != want || len(got) > 7 {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
