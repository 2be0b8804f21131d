package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

func TestParseControl(t *testing.T) {
	tests := []struct {
		line string
		want loadOrder
		said string
	}{
		{"rate 500", loadOrder{rate: 500}, ""},
		{" rate\t1 ", loadOrder{rate: 1}, ""},
		{"stop", loadOrder{quit: true}, ""},
		{"rate 0", loadOrder{}, "from 1 to 100000"},
		{"rate 100001", loadOrder{}, "from 1 to 100000"},
		{"rate", loadOrder{}, "no order"},
		{"rate 1 2", loadOrder{}, "no order"},
		{"stop now", loadOrder{}, "no order"},
		{"", loadOrder{}, "no order"},
		{"\x1b[2J", loadOrder{}, "no order"},
	}
	for _, tt := range tests {
		got := parseControl(tt.line)
		if tt.said != "" {
			if !strings.Contains(got.said, tt.said) || got.quit || got.rate != 0 {
				t.Errorf("%q: %+v, want %q said", tt.line, got, tt.said)
			}
		} else if got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.line, got, tt.want)
		}
	}
}

func TestStepRate(t *testing.T) {
	for _, tt := range []struct{ rate, step, want int }{
		{200, 1, 250}, {200, -1, 160}, {1, 1, 2}, {1, -1, 1}, {2, -1, 1}, {3, 1, 4},
		{90_000, 1, load.MaxRate}, {load.MaxRate, 1, load.MaxRate}, {load.MaxRate, -1, 80_000}, {200, 0, 200},
	} {
		if got := stepRate(tt.rate, tt.step); got != tt.want {
			t.Errorf("%d, %+d: %d, want %d", tt.rate, tt.step, got, tt.want)
		}
	}
}

func TestKeyOrders(t *testing.T) {
	for key, want := range map[byte]loadOrder{
		'+': {step: 1}, '=': {step: 1}, '-': {step: -1}, 'q': {quit: true}, 3: {stop: syscall.SIGINT},
	} {
		if got, ok := keyOrder(key); !ok || got != want {
			t.Errorf("%q: %+v, %t", key, got, ok)
		}
	}
	for _, key := range []byte{0, 27, ' ', 'x', 0xff} {
		if got, ok := keyOrder(key); ok {
			t.Errorf("%q is the order %+v", key, got)
		}
	}
}

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
		l := &liveLoad{width: func() int { return width }, keys: true}
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
	stopping := string((&liveLoad{width: func() int { return 80 }, keys: true}).progress(statsOfAll, true))
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
	s := &loadSettings{loadTarget: loadTarget{addr: "127.0.0.1:80", path: "/"}}
	for name, form := range map[string]loadForm{"text": textLoad{}, "json": jsonLoad{}} {
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
	s := &loadSettings{loadTarget: loadTarget{addr: "localhost:80", path: "/x"}}
	line := string(textLoad{}.progress(st, false))
	if want := "refused 40 (dial: no)  wrong 600 (status 503 x 590, others x 10)"; !strings.Contains(line, want) {
		t.Errorf("progress %q, want %q in it", line, want)
	}
	final := string(textLoad{}.final(res, st, s))
	for _, want := range []string{
		"sent       640 in 1.0s to http://localhost:80/x at 127.0.0.1:80, 200/s asked for, a connection each\n",
		"failure    refused 40: dial: no\n", "failure    wrong 600: status 503 x 590, status 302 x 7, others x 3\n",
	} {
		if !strings.Contains(final, want) {
			t.Errorf("summary\n%swithout\n%s", final, want)
		}
	}
	if got, want := string(textLoad{}.first(st, s)), "GET http://localhost:80/x at 127.0.0.1:80, 200/s, a connection each\n"; got != want {
		t.Errorf("the first line %q, want %q", got, want)
	}
	var j load.Figures
	if err := json.Unmarshal(jsonLoad{}.progress(st, false), &j); err != nil || len(j.Reasons) != 4 ||
		j.Reasons[1] != (load.ReasonFigures{Kind: "wrong", Reason: "status 503", Count: 590}) || j.Reasons[3] != (load.ReasonFigures{Kind: "wrong", Reason: "", Count: 3}) || j.Addr != "127.0.0.1:80" || j.Hint != "status 503" {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestLoadJSON(t *testing.T) {
	var got map[string]any
	line := jsonLoad{}.progress(statsOfAll, false)
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

// watched runs watchLoad against a server.
type watched struct {
	server  *httptest.Server
	run     *load.Runner
	orders  chan loadOrder
	signals chan os.Signal
	out     lockedBuffer
	stderr  bytes.Buffer // read after result
	result  chan error
	given   atomic.Int32 // times the terminal was given back
}

// lockedBuffer is a buffer for two goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func watchServer(t *testing.T, out io.Writer, handler http.HandlerFunc, o load.Options) *watched {
	t.Helper()
	w := &watched{server: httptest.NewServer(handler), orders: make(chan loadOrder), signals: make(chan os.Signal, 2), result: make(chan error, 1)}
	t.Cleanup(w.server.Close)
	o.Addr = w.server.Listener.Addr().String()
	run, err := load.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.run = run
	if out == nil {
		out = &w.out
	}
	a := &app{World: command.World{Stdout: out, Stderr: &w.stderr, Getenv: func(string) string { return "" }}}
	s := &loadSettings{loadTarget: loadTarget{addr: o.Addr, path: "/"}}
	go func() {
		w.result <- a.watchLoad(run, s, jsonLoad{}, w.orders, w.signals, func() { w.given.Add(1) })
	}()
	t.Cleanup(func() {
		run.Stop()
		<-run.Done()
	})
	return w
}

func (w *watched) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-w.result:
		return err
	case <-time.After(patience):
		t.Fatal("muster load does not end")
	}
	return nil
}

// final is the last object printed, which must add up.
func (w *watched) final(t *testing.T) load.Figures {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	var j load.Figures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &j); err != nil || !j.Final {
		t.Fatalf("the last line %q: %v", lines[len(lines)-1], err)
	}
	if j.Sent != j.Answered+j.Refused+j.Reset+j.Cut+j.TimedOut+j.Wrong || j.InFlight != 0 {
		t.Errorf("the ends do not add up: %+v", j)
	}
	return j
}

func (w *watched) answered(t *testing.T, n uint64) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.run.Stats().OK < n {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never %d answers: %+v", n, w.run.Stats())
		}
	}
}

func TestLoadIsStoppedByASignal(t *testing.T) {
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 500})
	w.answered(t, 20)
	w.signals <- syscall.SIGTERM
	if err := w.end(t); err != nil {
		t.Errorf("after a stop that was asked for: %v", err)
	}
	if j := w.final(t); j.Answered < 20 || w.given.Load() == 0 {
		t.Errorf("%+v, terminal given back %d times", j, w.given.Load())
	}
}

// A request under way keeps the first signal waiting, not the second.
func TestLoadIsEndedByASecondSignal(t *testing.T) {
	release := make(chan struct{})
	got := make(chan struct{}, 16)
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {
		got <- struct{}{}
		<-release
	}, load.Options{Rate: 10, Concurrency: 1})
	defer close(release)
	<-got
	w.signals <- syscall.SIGINT
	w.signals <- syscall.SIGINT
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != 130 || f.Err != nil {
		t.Errorf("%v, want exit code 130", err)
	}
}

func TestLoadObeysOrders(t *testing.T) {
	w := watchServer(t, nil, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	w.answered(t, 1)
	w.orders <- loadOrder{rate: 1000}
	w.orders <- loadOrder{step: 1}
	w.orders <- loadOrder{said: "nonsense"}
	if got := w.run.Stats().Target; got != 1250 {
		t.Errorf("target %d, want 1250", got)
	}
	w.answered(t, 100)
	w.orders <- loadOrder{quit: true}
	if err := w.end(t); err != nil {
		t.Error(err)
	}
	w.final(t)
	if got := w.stderr.String(); got != "muster: --control: nonsense\n" {
		t.Errorf("stderr %q", got)
	}
}

func TestControlEndsWithItsInput(t *testing.T) {
	orders := controlLines(strings.NewReader("rate 7\nstop"))
	for _, want := range []loadOrder{{rate: 7}, {quit: true}, {quit: true}} {
		if got := <-orders; got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	endless := controlLines(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20))))
	if got := <-endless; got != (loadOrder{quit: true}) {
		t.Errorf("a line without an end: %+v", got)
	}
}

// closedPipe is an output whose reader has gone.
type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestLoadEndsWithItsOutput(t *testing.T) {
	w := watchServer(t, closedPipe{}, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != command.ExitFailed || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}

// stuckPipe is an output nobody reads.
type stuckPipe struct{ release chan struct{} }

func (p stuckPipe) Write(b []byte) (int, error) {
	<-p.release
	return len(b), nil
}

func TestLoadHearsASignalThoughItsOutputIsStuck(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	w := watchServer(t, stuckPipe{release}, func(http.ResponseWriter, *http.Request) {}, load.Options{Rate: 100})
	w.answered(t, 1)
	w.signals <- syscall.SIGTERM
	var f *command.Failure
	if err := w.end(t); !errors.As(err, &f) || f.Code != command.ExitFailed || !errors.Is(err, errNotRead) {
		t.Errorf("%v", err)
	}
}

func TestLoadResult(t *testing.T) {
	s := &loadSettings{loadTarget: loadTarget{addr: "127.0.0.1:80", path: "/x"}}
	counts := func(c load.Counts) load.Result { return load.Result{Counts: c, Errors: []string{"cut: closed"}} }
	hinted := func(cause load.Cause, text, use string) load.Result {
		return load.Result{Counts: load.Counts{Sent: 2, Wrong: 2}, Hint: load.Hint{Cause: cause, Text: text, Use: use}}
	}
	tests := []struct {
		name    string
		res     load.Result
		err     error
		written error
		want    string // "" = exit 0
	}{
		{"answered", counts(load.Counts{Sent: 2, OK: 1, Cut: 1}), nil, nil, ""},
		{"stopped before the first", counts(load.Counts{}), nil, nil, ""},
		{"nobody there", hinted(load.NobodyListens, "nothing listens on 127.0.0.1:80", ""), nil, nil, "nothing listens on 127.0.0.1:80; start a server there (muster --addr 127.0.0.1:80)"},
		{"the other family", hinted(load.OtherAddress, "nothing there", "http://[::1]:80/x"), nil, nil, "nothing there; use muster load http://[::1]:80/x"},
		{"TLS", hinted(load.SpeaksTLS, "the server speaks TLS", "https://127.0.0.1:80/x"), nil, nil, "the server speaks TLS; use muster load https://127.0.0.1:80/x"},
		{"a certificate", hinted(load.Certificate, "not trusted", ""), nil, nil, "--insecure"},
		{"a status", hinted(load.OtherStatus, "status 404", ""), nil, nil, "status 404; is /x the right path? --expect 404 counts it as an answer"},
		{"a redirect", hinted(load.Redirect, "status 302 leads to /y", ""), nil, nil, "--expect 3xx"},
		{"no such socket", hinted(load.NoSocket, "there is no socket /s", ""), nil, nil, "start a server there"},
		{"nobody knows", counts(load.Counts{Sent: 2, Cut: 2}), nil, nil, "none of 2 requests was answered as it should (cut: closed); is http://127.0.0.1:80/x the right target?"},
		{"no descriptors", counts(load.Counts{Sent: 2, OK: 2}), syscall.EMFILE, nil, "ulimit -n"},
		{"no ports", counts(load.Counts{Sent: 2, OK: 2}), syscall.EADDRNOTAVAIL, nil, "--keepalive"},
		{"output gone", counts(load.Counts{Sent: 2, OK: 2}), nil, syscall.EPIPE, "writing to stdout"},
	}
	for _, tt := range tests {
		err := loadResult(tt.res, tt.err, tt.written, s)
		var f *command.Failure
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.As(err, &f) || f.Code != command.ExitFailed || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// The paper on --json names every field there is.
func TestEveryFieldOfTheLoadIsDocumented(t *testing.T) {
	paper, err := os.ReadFile("../../docs/load.md")
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
