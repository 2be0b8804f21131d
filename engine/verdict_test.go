package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRestartRules is the table of the rules: how long each of a slot's workers
// had listened when it died, and what became of the slot.
func TestRestartRules(t *testing.T) {
	for _, c := range []struct{ rule, listened, verdicts string }{
		{"five deaths in a row without listening: stop",
			"never never never never never",
			"100ms 200ms 400ms 800ms  stop"},
		{"listened for 1 s: at once, for ever",
			"1s  1s  1s  1s  1s  1s  1m",
			"now now now now now now now"},
		{"0.1 s doubling to 30 s",
			"0s    10ms  999ms 0s    0s   0s   0s   0s    0s    0s  0s  0s",
			"100ms 200ms 400ms 800ms 1.6s 3.2s 6.4s 12.8s 25.6s 30s 30s 30s"},
		{"10 s clear the count",
			"never never 10s never never never never never",
			"100ms 200ms now 100ms 200ms 400ms 800ms  stop"},
		{"less than 10 s do not clear it",
			"0s    0s    9999ms 0s",
			"100ms 200ms now    400ms"},
		{"a worker that listened breaks the row of those that never did, not the doubling",
			"never never never never 0s   never never never never never",
			"100ms 200ms 400ms 800ms 1.6s 3.2s  6.4s  12.8s 25.6s stop"},
		{"a stopped slot that is tried again without clearing stops again",
			"never never never never never never",
			"100ms 200ms 400ms 800ms  stop  stop"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var r record
			var got []string
			for _, s := range strings.Fields(c.listened) {
				listened := time.Duration(-1)
				if s != "never" {
					var err error
					if listened, err = time.ParseDuration(s); err != nil {
						t.Fatal(err)
					}
				}
				var v verdict
				r, v = r.died(listened)
				switch {
				case v.stop && v.after != 0:
					t.Errorf("it stops and is forked after %v", v.after)
				case v.stop:
					got = append(got, "stop")
				case v.after == 0:
					got = append(got, "now")
				default:
					got = append(got, v.after.String())
				}
			}
			if want := strings.Fields(c.verdicts); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("listened %s\n got %v\nwant %v", c.listened, got, want)
			}
		})
	}
}

// The screen says "2 of 5": never more than the number at which the slot stops.
func TestDeathsForTheScreen(t *testing.T) {
	for _, c := range []struct {
		name     string
		listened []time.Duration // negative: never
		deaths   []int
	}{
		{"never listened", []time.Duration{-1, -1, -1, -1, -1}, []int{1, 2, 3, 4, 5}},
		{"well", []time.Duration{time.Second, time.Minute}, []int{0, 0}},
		{"quick deaths after listening", []time.Duration{0, 0, 0, 0, 0, 0}, []int{0, 0, 0, 0, 0, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r record
			for i, l := range c.listened {
				var v verdict
				r, v = r.died(l)
				if v.deaths != c.deaths[i] {
					t.Errorf("death %d: %d of %d, want %d", i+1, v.deaths, deathsMax, c.deaths[i])
				}
			}
		})
	}
}

// However often a slot's workers die, its waits are bounded.
func TestRestartWaitIsBounded(t *testing.T) {
	var r record
	for i := range 1000 {
		var v verdict
		if r, v = r.died(0); v.stop || v.after < retryFirst || v.after > retryMax {
			t.Fatalf("death %d: %+v", i+1, v)
		}
	}
}

func TestTellingLine(t *testing.T) {
	for _, c := range []struct{ name, stderr, want string }{
		{"nothing", "", ""},
		{"blank lines", "\n  \n", ""},
		{"the last one", "starting\nlistening\nout of luck\n\n", "out of luck"},
		{"go panic", "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:3 +0x1d\nexit status 2", "panic: boom"},
		{"go runtime", "warming up\nfatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select (no cases)]:", "fatal error: all goroutines are asleep - deadlock!"},
		{"node module", "node:internal/modules/cjs/loader:1143\n  throw err;\n  ^\n\nError: Cannot find module '/x.js'\n    at Module._resolve (node:internal)\n  code: 'MODULE_NOT_FOUND',\n}\n\nNode.js v20.1.0", "Error: Cannot find module '/x.js'"},
		{"node type", "/a.js:1\nx.y.z\n  ^\n\nTypeError: Cannot read properties of undefined\n    at Object.<anonymous> (/a.js:1)", "TypeError: Cannot read properties of undefined"},
		{"node code", "Error [ERR_SERVER_ALREADY_LISTEN]: Listen method\n    at x", "Error [ERR_SERVER_ALREADY_LISTEN]: Listen method"},
		{"python", "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n", "ValueError: no"},
		{"spaces around it", "   bind: address in use  ", "bind: address in use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := telling(strings.Split(c.stderr, "\n")); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	if got := telling(nil); got != "" {
		t.Errorf("no lines: %q", got)
	}
}
