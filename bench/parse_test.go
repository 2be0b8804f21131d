package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"muster/engine"
)

func TestParseStat(t *testing.T) {
	const rest = " 11893 11893 4988 0 -1 4194304 99 0 0 0 "
	for _, c := range []struct {
		name, text string
		want       time.Duration
		bad        bool
	}{
		{"plain", "11897 (cat) R" + rest + "7 5 100 100 20 0 1 0 388431", 120 * time.Millisecond, false},
		{"children do not count", "1 (m) S" + rest + "0 1 900 900 20 0", 10 * time.Millisecond, false},
		{"a name that looks like the rest", "1 (a) R 1 2 (b) S" + rest + "250 0 0 0", 2500 * time.Millisecond, false},
		{"cut", "1 (cat) R" + rest + "7", 0, true},
		{"no number", "1 (cat) R" + rest + "x 5 0 0", 0, true},
		{"negative", "1 (cat) R" + rest + "-7 5 0 0", 0, true},
		{"no bracket", "1 2 3", 0, true},
		{"empty", "", 0, true},
	} {
		got, err := parseStat(c.text)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestParsePSS(t *testing.T) {
	const head = "55c71d4c4000-7ffe164db000 ---p 00000000 00:00 0   [rollup]\nRss:   1684 kB\n"
	for _, c := range []struct {
		name, text string
		want       uint64
		bad        bool
	}{
		{"plain", head + "Pss:                 241 kB\nPss_Dirty:  108 kB\nSwapPss: 9 kB\n", 241 << 10, false},
		{"only its relatives", head + "Pss_Anon:  108 kB\nSwapPss: 9 kB\n", 0, true},
		{"another unit", head + "Pss: 241 MB\n", 0, true},
		{"no number", head + "Pss: kB\n", 0, true},
		{"a kernel thread", "", 0, true},
	} {
		got, err := parsePSS(c.text)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %d, %v", c.name, got, err)
		}
	}
}

func TestParseWrk(t *testing.T) {
	const head = `Running 2s test @ http://127.0.0.1:3000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms  300.00us   9.91ms   90.12%
    Req/Sec    15.06k     1.01k   17.03k    80.00%
`
	const foot = "Requests/sec:  15000.00\nTransfer/sec:      2.24MB\n"
	for _, c := range []struct {
		name, text string
		want       traffic
		bad        bool
	}{
		{"all well", head + "  30000 requests in 2.00s, 4.50MB read\n" + foot, traffic{30000, 0, 15000}, false},
		{"a minute", head + "  30000 requests in 1.00m, 4.50MB read\n" + foot, traffic{30000, 0, 500}, false},
		{
			"socket errors", head + "  30000 requests in 2.00s, 4.50MB read\n  Socket errors: connect 1, read 20, write 300, timeout 4000\n" + foot,
			traffic{30000, 4321, 15000}, false,
		},
		{
			"other answers", head + "  30000 requests in 2.00s, 4.50MB read\n  Non-2xx or 3xx responses: 10000\n" + foot,
			traffic{20000, 10000, 10000}, false,
		},
		{"more wrong than all", head + "  3 requests in 2.00s, 1KB read\n  Non-2xx or 3xx responses: 4\n", traffic{}, true},
		{"in no time", head + "  3 requests in 0.00us, 1KB read\n", traffic{}, true},
		{"no time", head + "  3 requests in soon, 1KB read\n", traffic{}, true},
		{"unable to connect", "unable to connect to 127.0.0.1:3000 Connection refused\n", traffic{}, true},
		{"empty", "", traffic{}, true},
	} {
		got, err := parseWrk(c.text)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

// wrk keeps its connections unless it is told not to.
func TestWrkArgs(t *testing.T) {
	for r, want := range map[reuse]string{
		perRequest: "-t1 -c32 -d2s -H Connection: close http://127.0.0.1:1/",
		kept:       "-t1 -c32 -d2s http://127.0.0.1:1/",
	} {
		if got := strings.Join(wrkArgs("127.0.0.1:1", 2*time.Second, r), " "); got != want {
			t.Errorf("%v: %s, want %s", r, got, want)
		}
	}
}

func TestNodePolicy(t *testing.T) {
	for p, want := range map[engine.Policy]string{engine.SchedRR: "rr", engine.SchedNone: "none"} {
		if got := nodePolicy(p); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
}

func TestParseBench(t *testing.T) {
	const text = `goos: linux
goarch: amd64
pkg: muster/tui
BenchmarkFrame120x40/workers=16-2         	    2168	    523041 ns/op	   91234 B/op	     812 allocs/op
BenchmarkFrame120x40/workers=256          	     904	   1.25e+06 ns/op
BenchmarkFrame120x40/workers=16-2         	 some words in between
BenchmarkOther-name
PASS
ok  	muster/tui	3.210s
`
	want := []benchLine{
		{"BenchmarkFrame120x40/workers=16", 2168, 523041},
		{"BenchmarkFrame120x40/workers=256", 904, 1.25e6},
	}
	got := parseBench(text)
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestWithoutProcs(t *testing.T) {
	for name, want := range map[string]string{
		"BenchmarkA-2":          "BenchmarkA",
		"BenchmarkA/a-b-16":     "BenchmarkA/a-b",
		"BenchmarkA/a-b":        "BenchmarkA/a-b",
		"BenchmarkA/workers=16": "BenchmarkA/workers=16",
		"BenchmarkA-":           "BenchmarkA-",
	} {
		if got := withoutProcs(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestCPUModel(t *testing.T) {
	for text, want := range map[string]string{
		"processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD  EPYC 9R14\nprocessor\t: 1\nmodel name\t: other\n": "AMD EPYC 9R14",
		"processor\t: 0\nBogoMIPS\t: 50.00\n\nModel\t\t: Raspberry Pi 4\n":                                  "Raspberry Pi 4",
		"processor\t: 0\n": "",
		"":                 "",
	} {
		if got := cpuModel(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What other programs print must not end this one.
func FuzzParse(f *testing.F) {
	f.Add("1 (cat) R 1 1 1 0 -1 4194304 99 0 0 0 7 5 0 0")
	f.Add("Pss:  241 kB\n")
	f.Add("  30000 requests in 2.00s, 4.50MB read\n  Socket errors: connect 1, read 20\n")
	f.Add("BenchmarkFrame-2 10 20 ns/op\n")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseStat(text); err != nil && d != 0 || d < 0 {
			t.Errorf("stat: %v, %v", d, err)
		}
		if n, err := parsePSS(text); err != nil && n != 0 {
			t.Errorf("memory: %d, %v", n, err)
		}
		if tr, err := parseWrk(text); err != nil && tr != (traffic{}) || math.IsNaN(tr.perSecond) || math.IsInf(tr.perSecond, 0) {
			t.Errorf("wrk: %+v, %v", tr, err)
		}
		parseBench(text)
		cpuModel(text)
	})
}
