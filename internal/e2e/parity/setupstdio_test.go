package parity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

func stdio(in, out, err engine.Stdio) func(*engine.Options) {
	return func(o *engine.Options) { o.Settings.Stdio = []engine.Stdio{in, out, err} }
}

func silent(is bool) func(*engine.Options) {
	return func(o *engine.Options) { o.Settings.Silent = new(is) }
}

// outputOf are the lines of a worker that became events, by stream.
func outputOf(c *engine.Cluster, w *engine.Worker) map[string][]string {
	lines := make(map[string][]string)
	for _, e := range eventsOf(c, engine.KindOutput) {
		if d, ok := e.Detail.(engine.OutputDetail); ok && e.Worker == w.ID() {
			lines[d.Stream] = append(lines[d.Stream], d.Text)
		}
	}
	return lines
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s has %q, want %q", what, got, want)
	}
}

// readAll reads a pipe to its end.
func readAll(t *testing.T, r io.Reader) []string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		b, err := io.ReadAll(r)
		if err != nil {
			b = []byte(err.Error())
		}
		got <- string(b)
	}()
	return strings.Split(strings.TrimSuffix(next(t, got, "the end of a pipe"), "\n"), "\n")
}

func wantCode(t *testing.T, w *engine.Worker, code int) {
	t.Helper()
	if exit := exitOf(t, w); exit.Code == nil || *exit.Code != code {
		t.Errorf("%v ends with %v, want code %d", w, exit, code)
	}
}

// The default: what a worker writes becomes events, and its input is empty.
func TestStdioEvents(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "lines")
	wantCode(t, w, 0)
	lines := outputOf(c, w)
	wantLines(t, "stdout", lines["stdout"], "out end")
	wantLines(t, "stderr", lines["stderr"], "err end")
	if p := w.Process(); p.Stdin() != nil || p.Stdout() != nil || p.Stderr() != nil {
		t.Errorf("there are pipes: %v, %v, %v", p.Stdin(), p.Stdout(), p.Stderr())
	}
}

// `silent: true` and "pipe" for each stream are the same.
func TestStdioPipe(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(*engine.Options){
		"silent": silent(true),
		"pipe":   stdio(engine.StdioPipe, engine.StdioPipe, engine.StdioPipe),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, with)
			w := fork(t, c, "lines")
			p := w.Process()
			if _, err := io.WriteString(p.Stdin(), "one\ntwo\n"); err != nil {
				t.Fatal(err)
			}
			if err := p.Stdin().Close(); err != nil {
				t.Fatal(err)
			}
			wantLines(t, "stdout", readAll(t, p.Stdout()), "out one", "out two", "out end")
			wantCode(t, w, 0)
			wantLines(t, "stderr, read after the exit,", readAll(t, p.Stderr()), "err one", "err two", "err end")
			if lines := outputOf(c, w); len(lines) > 0 {
				t.Errorf("it came as events too: %q", lines)
			}
			if _, err := p.Stdin().Write([]byte("x")); err == nil {
				t.Error("writing to the input of a process that has ended is no error")
			}
		})
	}
}

// Stdio says it for each stream, and beats Silent; a place left empty is as
// Silent says.
func TestStdioMixed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, silent(true), stdio(engine.StdioIgnore, "", engine.StdioEvents))
	w := fork(t, c, "lines")
	wantCode(t, w, 0)
	wantLines(t, "stdout", readAll(t, w.Process().Stdout()), "out end")
	lines := outputOf(c, w)
	wantLines(t, "stderr", lines["stderr"], "err end")
	wantLines(t, "stdout as events", lines["stdout"])

	setUp(t, c, engine.Settings{Stdio: []engine.Stdio{engine.StdioPipe, engine.StdioIgnore, engine.StdioIgnore}})
	w = fork(t, c, "lines")
	p := w.Process()
	io.WriteString(p.Stdin(), "lost\n") // the worker reads it, and that is all
	p.Stdin().Close()
	wantCode(t, w, 0)
	if lines := outputOf(c, w); len(lines) > 0 || p.Stdout() != nil || p.Stderr() != nil {
		t.Errorf("what was to be ignored came: %q, %v, %v", lines, p.Stdout(), p.Stderr())
	}
}

// `silent: false` and "inherit": the worker has the primary's own streams. The
// primary is a process of its own here, so that they can be looked at.
func TestStdioInherit(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"inherits", "inherits-each"} {
		t.Run(how, func(t *testing.T) {
			cmd := asPrimary(t, how)
			var out, errs strings.Builder
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("hello\n"), &out, &errs
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, errs.String())
			}
			if got, want := out.String(), "out hello\nout end\n"; got != want {
				t.Errorf("the primary's stdout has %q, want %q", got, want)
			}
			if got, want := errs.String(), "err hello\nerr end\n"; got != want {
				t.Errorf("the primary's stderr has %q, want %q", got, want)
			}
		})
	}
}

// primaryEnv says what a primary in a process of its own does.
const primaryEnv = "MUSTER_PARITY_PRIMARY"

// primaries are what such a primary can do; the result is its exit code.
var primaries = map[string]func() int{
	"inherits": func() int { return inherits(engine.Settings{Silent: new(false)}) },
	"inherits-each": func() int {
		return inherits(engine.Settings{Silent: new(true), Stdio: []engine.Stdio{engine.StdioInherit, engine.StdioInherit, engine.StdioInherit}})
	},
	"panics": panicInOnMessage,
}

// asPrimary is the command of a primary in a process of its own.
func asPrimary(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), ownFile(t), "-test.run=^TestPrimaryProcess$")
	cmd.Env = append(os.Environ(), primaryEnv+"="+what)
	return cmd
}

// TestPrimaryProcess is no test, but what asPrimary runs.
func TestPrimaryProcess(*testing.T) {
	if f := primaries[os.Getenv(primaryEnv)]; f != nil {
		os.Exit(f())
	}
}

// inherits runs one worker and leaves with its exit code.
func inherits(s engine.Settings) int {
	s.Args = []string{}
	c, err := engine.New(engine.Options{Workers: -1, NoRestart: true, Settings: s})
	if err != nil {
		return failed(err)
	}
	defer c.Close()
	w, err := c.Fork(sceneEnv + "=lines")
	if err != nil {
		return failed(err)
	}
	<-w.Done()
	code, ok := w.Process().ExitCode()
	if p := w.Process(); !ok || p.Stdin() != nil || p.Stdout() != nil || p.Stderr() != nil {
		return failed(fmt.Errorf("exit code %d, %v; pipes %v, %v, %v", code, ok, p.Stdin(), p.Stdout(), p.Stderr()))
	}
	return code
}

// A worker whose piped output nobody reads comes to wait, as a child of Node
// does: it is not read into memory without a bound. It lives on, answers, and
// can be killed.
func TestPipeNobodyReads(t *testing.T) {
	t.Parallel()
	c := newCluster(t, stdio("", engine.StdioPipe, ""))
	w := fork(t, c, "floods")
	heard := messagesOf(w)
	written := func() int {
		send(t, w, "how many")
		var n int
		m := next(t, heard, "the count")
		if err := json.Unmarshal(m.Value, &n); err != nil {
			t.Fatalf("%s: %v", m.Value, err)
		}
		return n
	}
	for written() < 64<<10 { // less than what fits
	}
	n := 0
	for range 300 { // time enough for all of it, were it read
		n = written()
	}
	if n > 1<<20 {
		t.Errorf("nobody reads, and %d bytes were written", n)
	}
	if err := w.Kill(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if exit := exitOf(t, w); exit.String() != "SIGTERM" || !exit.Voluntary {
		t.Errorf("it ends with %v, voluntary %v", exit, exit.Voluntary)
	}

	again := fork(t, c, "floods") // one whose output is read gets on
	go io.Copy(io.Discard, again.Process().Stdout())
	heard = messagesOf(again)
	w = again
	for written() < floodMax {
	}
}

// send() on a channel that has ended, from both sides, while the process lives
// on: an error that names the worker, and nothing else happens.
func TestSendOnClosedChannel(t *testing.T) {
	t.Parallel()
	c := newCluster(t, stdio(engine.StdioPipe, engine.StdioPipe, ""))
	other := fork(t, c, "echo")
	w := fork(t, c, "outlives")
	ended := make(chan struct{})
	w.OnDisconnect(func(engine.DisconnectDetail) { close(ended) })
	send(t, w, "leave")
	next(t, ended, "disconnect")
	if w.IsConnected() || w.IsDead() {
		t.Errorf("connected %v, dead %v", w.IsConnected(), w.IsDead())
	}
	h := handleOfConn(t)
	for what, err := range map[string]error{"Send": w.Send("x"), "SendHandle": w.SendHandle("x", h), "Flush": w.Flush(t.Context())} {
		wantError(t, what, err, "worker 2", "closed")
		if !errors.Is(err, engine.ErrChannelClosed) {
			t.Errorf("%s: %v is not ErrChannelClosed", what, err)
		}
	}
	stillAnswers(t, other)
	w.Process().Stdin().Close()
	wantError(t, "the worker's Send", errors.New(readAll(t, w.Process().Stdout())[0]), "true: ", "worker 2", "closed")
	wantCode(t, w, 7)
	wantError(t, "Send to a dead worker", w.Send("x"), "worker 2", "closed")
	stillAnswers(t, other)
}
