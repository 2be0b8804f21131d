package loadcmd

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/internal/load"
)

func TestLatencyText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00ms", 312 * time.Microsecond: "0.31ms", 9_996_000: "10.0ms", 12_400_000: "12.4ms",
		99_960_000: "100ms", 999_400_000: "999ms", 999_600_000: "1.00s", 1240 * time.Millisecond: "1.24s", 90 * time.Second: "90.0s",
	} {
		if got := latency(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// statsOfAll has every part a line of progress can have.
var statsOfAll = load.Stats{
	Counts:   load.Counts{Sent: 123456789, OK: 123450000, Refused: 1, Reset: 2, Cut: 3, TimedOut: 4, Wrong: 5},
	InFlight: 6774, Late: 7, Overdue: 8, Idle: 9, Slow: 10, Target: 100_000, Rate: 99_999.6,
	Elapsed: 4*time.Minute + 12*time.Second, Left: 48 * time.Second,
	Latency: load.Latency{P50: 312 * time.Microsecond, P99: 1910 * time.Microsecond, Max: 8200 * time.Microsecond},
}

// The line that is redrawn fits every terminal: one that wraps is not redrawn
// in place.
func TestLiveLineFits(t *testing.T) {
	for width := range 250 {
		l := &liveForm{width: func() int { return width }, keys: true}
		got, ok := strings.CutPrefix(string(l.progress(statsOfAll, false)), "\r")
		got, ended := strings.CutSuffix(got, "\x1b[K")
		if !ok || !ended || strings.ContainsAny(got, "\r\n\x1b") || len(got) >= max(width, 1) {
			t.Errorf("width %d: %q is %d wide", width, got, len(got))
		}
		if width == 249 && got != "100000/s of 100000/s  answered 123450000  refused 1  reset 2  cut 3  timed out 4  wrong 5  "+
			"p50 0.31ms  p99 1.91ms  max 8.20ms  sent late 7  overdue 8  idle 9  slow 10  after 4m12s  48s left  + - rate, q stops" {
			t.Errorf("the whole line: %q", got)
		}
	}
	stopping := string((&liveForm{width: func() int { return 80 }, keys: true}).progress(statsOfAll, true))
	if !strings.Contains(stopping, "stopping, 6774 under way") || strings.Contains(stopping, "q stops") {
		t.Errorf("while it stops: %q", stopping)
	}
}

// hostileResult is one whose texts came from a server that means harm.
var hostileResult = load.Result{
	Counts:   load.Counts{Sent: 3, OK: 2, Wrong: 1},
	Elapsed:  2 * time.Second,
	ByWorker: map[string]uint64{"10": 1, "2": 1, "\x1b]0;x\x07\u202e": 7},
	Errors:   []string{"wrong: status \x1b[2J\u009b31m\n\u202e"},
	Reasons:  []load.Reason{{Kind: "wrong", Text: "status \x1b[2J\u009b31m\n\u202e", Count: 1}},
	Hint:     load.Hint{Cause: load.Redirect, Text: "leads to \x1b[2J\u009b\n\u202e"},
}

func TestWhatTheServerSendsIsNeverPrintedRaw(t *testing.T) {
	s := &settings{target: target{addr: "127.0.0.1:80", path: "/"}}
	for name, form := range map[string]form{"text": textForm{}, "json": jsonForm{}} {
		got := string(form.final(hostileResult, load.Stats{Counts: hostileResult.Counts}, s))
		if strings.ContainsAny(got, "\x1b\x07\u009b\u202e") {
			t.Errorf("%s: raw: %q", name, got)
		}
		if name == "text" && !strings.Contains(got, `dealt      2: 1  10: 1  \x1b]0;x\x07\u202e: 7`+"\n") {
			t.Errorf("the workers: %q", got)
		}
	}
}

// "wrong 600" alone helps nobody: each kind carries its reasons, in every form.
func TestFailuresCarryTheirReasons(t *testing.T) {
	st := load.Stats{Counts: load.Counts{Sent: 640, Refused: 40, Wrong: 600}, Addr: "127.0.0.1:80", Target: 200, Elapsed: time.Second,
		Reasons: []load.Reason{{Kind: "refused", Text: "dial: no", Count: 40}, {Kind: "wrong", Text: "status 503", Count: 590}, {Kind: "wrong", Text: "status 302", Count: 7}, {Kind: "wrong", Count: 3}},
		Hint:    load.Hint{Cause: load.OtherStatus, Text: "status 503"}}
	res := load.Result{Counts: st.Counts, Reasons: st.Reasons, Addr: st.Addr, Hint: st.Hint, Elapsed: st.Elapsed}
	s := &settings{target: target{addr: "localhost:80", path: "/x"}}
	line := string(textForm{}.progress(st, false))
	if want := "refused 40 (dial: no)  wrong 600 (status 503 x 590, others x 10)"; !strings.Contains(line, want) {
		t.Errorf("progress %q, want %q in it", line, want)
	}
	final := string(textForm{}.final(res, st, s))
	for _, want := range []string{
		"sent       640 in 1.0s to http://localhost:80/x at 127.0.0.1:80, 200/s asked for, a connection each\n",
		"failure    refused 40: dial: no\n", "failure    wrong 600: status 503 x 590, status 302 x 7, others x 3\n",
	} {
		if !strings.Contains(final, want) {
			t.Errorf("summary\n%swithout\n%s", final, want)
		}
	}
	if got, want := string(textForm{}.first(st, s)), "GET http://localhost:80/x at 127.0.0.1:80, 200/s, a connection each\n"; got != want {
		t.Errorf("the first line %q, want %q", got, want)
	}
	var j load.Figures
	if err := json.Unmarshal(jsonForm{}.progress(st, false), &j); err != nil || len(j.Reasons) != 4 ||
		j.Reasons[1] != (load.ReasonFigures{Kind: "wrong", Reason: "status 503", Count: 590}) || j.Reasons[3] != (load.ReasonFigures{Kind: "wrong", Reason: "", Count: 3}) || j.Addr != "127.0.0.1:80" || j.Hint != "status 503" {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestLoadJSON(t *testing.T) {
	var got map[string]any
	line := jsonForm{}.progress(statsOfAll, false)
	if err := json.Unmarshal(line, &got); err != nil || !bytes.HasSuffix(line, []byte("}\n")) {
		t.Fatalf("%q: %v", line, err)
	}
	want := map[string]any{
		"elapsed_ms": 252000.0, "left_ms": 48000.0, "target": 100000.0, "rate": 99999.6,
		"sent": 123456789.0, "answered": 123450000.0, "refused": 1.0, "reset": 2.0, "cut": 3.0, "timed_out": 4.0, "wrong": 5.0,
		"late": 7.0, "overdue": 8.0, "in_flight": 6774.0, "idle": 9.0, "idle_opened": 0.0, "idle_closed": 0.0, "idle_failed": 0.0,
		"slow": 10.0, "p50_us": 312.0, "p90_us": 0.0, "p99_us": 1910.0, "p999_us": 0.0, "max_us": 8200.0,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// The paper on --json names every field there is.
func TestEveryFieldOfTheLoadIsDocumented(t *testing.T) {
	paper, err := os.ReadFile("../../../../docs/load.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[load.Figures](), reflect.TypeFor[load.ReasonFigures]()} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if name == "" || !strings.Contains(string(paper), "`"+name+"`") {
				t.Errorf("docs/load.md does not say what %q is", name)
			}
		}
	}
}
