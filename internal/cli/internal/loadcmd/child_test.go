package loadcmd

import (
	"fmt"
	"io"
	"os/exec"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/load"
	"muster/internal/onscreen"
)

// shellLoad is a loader whose processes are a script of the shell.
func shellLoad(t *testing.T, script string) *Child {
	t.Helper()
	c := NewChild()
	c.command = func(onscreen.LoadSettings) *exec.Cmd { return exec.Command("/bin/sh", "-c", script) }
	t.Cleanup(c.Close)
	return c
}

// within waits for the load to look as ok says.
func within(t *testing.T, c *Child, what string, ok func(onscreen.LoadStats) bool) onscreen.LoadStats {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		st, ran := c.Stats()
		if ran && ok(st) {
			return st
		}
		select {
		case <-c.Changed():
		case <-limit:
			t.Fatalf("never saw %s: %+v", what, st)
		}
	}
}

func ended(st onscreen.LoadStats) bool { return !st.Running }

// gone checks that no process has this id any more, not even as a zombie.
func gone(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("process %d is left: %v", pid, err)
	}
}

func TestLoadCommandLine(t *testing.T) {
	for _, tt := range []struct {
		set  onscreen.LoadSettings
		want string
	}{
		{onscreen.LoadSettings{Addr: "127.0.0.1:3000", Rate: 200, Concurrency: 256, Duration: 5 * time.Minute},
			"muster load --json --control --rate 200 --concurrency 256 --duration 5m0s http://127.0.0.1:3000/"},
		{onscreen.LoadSettings{Addr: "[::1]:3000", Rate: 1, Concurrency: 2, KeepAlive: true, Idle: 3, Slow: 4, Duration: time.Second},
			"muster load --json --control --rate 1 --concurrency 2 --duration 1s --keepalive --idle 3 --slow 4 http://[::1]:3000/"},
		{onscreen.LoadSettings{Addr: "127.0.0.1:3000", Path: "/a?b=c", Rate: 1, Concurrency: 2, Duration: time.Second},
			"muster load --json --control --rate 1 --concurrency 2 --duration 1s --path /a?b=c http://127.0.0.1:3000/"},
		{onscreen.LoadSettings{Addr: "unix:/run/s", Path: "/x", Rate: 1, Concurrency: 2, Duration: time.Second},
			"muster load --json --control --rate 1 --concurrency 2 --duration 1s --path /x unix:/run/s"},
	} {
		if got := strings.Join(childCommand(tt.set).Args, " "); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

func TestReadFigures(t *testing.T) {
	st, ok := readFigures([]byte(`{"elapsed_ms":1500,"target":200,"rate":199.5,"sent":21,"answered":1,"refused":2,"reset":3,"cut":4,"timed_out":5,`+
		`"wrong":6,"late":7,"in_flight":8,"idle":9,"slow":10,"p50_us":310,"p90_us":1,"p99_us":1910,"p999_us":2,"max_us":8200,"more":[1],`+
		`"reasons":[{"kind":"timed_out","reason":"read","count":5},{"kind":"wrong","count":6}],"hint":"status 503"}`), 5*time.Second)
	want := onscreen.LoadStats{Stats: load.Stats{
		Counts:   load.Counts{Sent: 21, OK: 1, Refused: 2, Reset: 3, Cut: 4, TimedOut: 5, Wrong: 6},
		Late:     7,
		InFlight: 8,
		Elapsed:  1500 * time.Millisecond,
		Left:     3500 * time.Millisecond,
		Target:   200,
		Rate:     199.5,
		Idle:     9,
		Slow:     10,
		Reasons:  []load.Reason{{Kind: "timed out", Text: "read", Count: 5}, {Kind: "wrong", Count: 6}},
		Hint:     load.Hint{Text: "status 503"},
		Latency:  load.Latency{P50: 310 * time.Microsecond, P90: time.Microsecond, P99: 1910 * time.Microsecond, P999: 2 * time.Microsecond, Max: 8200 * time.Microsecond},
	}, Running: true}
	if !ok || !reflect.DeepEqual(st, want) {
		t.Errorf("%+v, want %+v", st, want)
	}
	for _, line := range []string{"", "no json", "[1]", `"x"`, `{"sent":-1}`, `{"sent":"1"}`} {
		if _, ok := readFigures([]byte(line), time.Second); ok {
			t.Errorf("%q was taken for figures", line)
		}
	}
}

// One process from its start to its end by a stop: the rate and the stop reach
// it, and it is reaped.
func TestChildLoadIsToldAndReaped(t *testing.T) {
	c := shellLoad(t, `echo '{"sent":1,"target":200}'; read a; echo "{\"sent\":2,\"target\":${a#rate }}"; read b; [ "$b" = stop ] && echo '{"sent":3}'`)
	if _, ran := c.Stats(); ran {
		t.Error("it has figures before the first start")
	}
	if c.SetRate(5) == nil {
		t.Error("a rate was taken without a load")
	}
	c.Stop()
	if err := c.Start(onscreen.LoadSettings{Rate: 200}); err != nil {
		t.Fatal(err)
	}
	pid := c.run.cmd.Process.Pid
	if pgid, err := syscall.Getpgid(pid); err != nil || pgid != pid {
		t.Errorf("its group is %d (%v), want its own, %d", pgid, err, pid)
	}
	if err := c.Start(onscreen.LoadSettings{Rate: 200}); err == nil {
		t.Error("a second load was started beside it")
	}
	within(t, c, "its first line", func(st onscreen.LoadStats) bool { return st.Sent == 1 && st.Running })
	if err := c.SetRate(250); err != nil {
		t.Error(err)
	}
	within(t, c, "the new rate", func(st onscreen.LoadStats) bool { return st.Target == 250 })
	c.Stop()
	if st := within(t, c, "the end", ended); st.Sent != 3 || st.Err != "" {
		t.Errorf("it ended as %+v", st)
	}
	gone(t, pid)
	if c.SetRate(5) == nil {
		t.Error("a rate was taken after the end")
	}
	if err := c.Start(onscreen.LoadSettings{Rate: 200}); err != nil {
		t.Errorf("a second load after the first: %v", err)
	}
}

func TestChildLoadSaysWhyItFailed(t *testing.T) {
	for script, want := range map[string]string{
		`echo one >&2; echo "muster: nothing was answered" >&2; exit 1`: "nothing was answered",
		`exit 3`:      "exit status 3",
		`kill -9 $$`:  "signal: killed",
		`echo hm >&2`: "", // it has ended well
		`head -c 100000 /dev/zero | tr '\0' x >&2; echo >&2; echo the last >&2; exit 1`: "the last",
		`head -c 1000000 /dev/zero | tr '\0' x; exit 1`:                                 "exit status 1", // a line that is too long
	} {
		c := shellLoad(t, script)
		if err := c.Start(onscreen.LoadSettings{}); err != nil {
			t.Fatal(err)
		}
		if st := within(t, c, "the end", ended); st.Err != want {
			t.Errorf("%s: %q, want %q", script, st.Err, want)
		}
	}
	c := NewChild()
	c.command = func(onscreen.LoadSettings) *exec.Cmd { return &exec.Cmd{Path: "/nonexistent"} }
	if err := c.Start(onscreen.LoadSettings{}); err == nil {
		t.Error("a program that is not there was started")
	}
	c.Close()
}

// One that reads nothing and does not end holds nobody up for long, and Close ends
// it.
func TestChildLoadThatHangs(t *testing.T) {
	c := shellLoad(t, `echo '{"sent":1}'; trap "" TERM; while :; do sleep 0.1; done`)
	if err := c.Start(onscreen.LoadSettings{}); err != nil {
		t.Fatal(err)
	}
	within(t, c, "its line", func(st onscreen.LoadStats) bool { return st.Sent == 1 })
	r := c.run
	var err error
	for range 20_000 { // until the pipe is full
		if _, err = io.WriteString(deadline{r}, strings.Repeat("x", 4096)); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("the pipe is never full")
	}
	if err := r.stdin.SetWriteDeadline(time.Time{}); err != nil { // ours; SetRate has its own
		t.Fatal(err)
	}
	began := time.Now()
	if err := c.SetRate(5); err == nil {
		t.Error("a rate was taken by a process that does not read")
	}
	c.Stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it kept us %v", took)
	}
	if st, _ := c.Stats(); !st.Running {
		t.Errorf("it has ended: %+v", st)
	}
	began = time.Now()
	c.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	gone(t, r.cmd.Process.Pid)
}

// One that does not end after its last requests is ended.
func TestChildLoadThatDoesNotFinish(t *testing.T) {
	c := shellLoad(t, `echo '{"sent":1}'; while :; do sleep 0.1; done`)
	c.finish = 10 * time.Millisecond
	if err := c.Start(onscreen.LoadSettings{}); err != nil {
		t.Fatal(err)
	}
	within(t, c, "its line", func(st onscreen.LoadStats) bool { return st.Sent == 1 })
	c.Stop()
	if st := within(t, c, "the end", ended); st.Err != "signal: killed" {
		t.Errorf("it ended as %+v", st)
	}
}

// deadline writes without waiting.
type deadline struct{ r *childRun }

func (d deadline) Write(p []byte) (int, error) {
	if err := d.r.stdin.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		return 0, fmt.Errorf("setting the deadline: %w", err)
	}
	return d.r.stdin.Write(p)
}
