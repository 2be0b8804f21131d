//go:build linux || darwin || freebsd

package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"muster/engine"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"go.uber.org/goleak"
)

// childEnv makes this test binary a program with a dashboard over a cluster
// that does nothing.
const childEnv = "MUSTER_TUI_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childEnv); mode != "" {
		os.Exit(dashboardChild(mode))
	}
	os.Exit(m.Run())
}

// dashboardChild is the program. Its mode is words: "guest", "open" (connections
// are open), "stuck" (Update never returns after a z), "slow" (the graceful stop never
// ends), "deaf" (the cluster does not end at all), "panic-PLACE".
func dashboardChild(mode string) int {
	has := func(word string) bool { return strings.Contains(mode, word) }
	open := 0
	if has("open") {
		open = 3
	}
	c := newFake(picture(1, open, listening(1), listening(2)))
	var stops atomic.Int32
	c.do = func(cmd engine.Command) (engine.Result, error) {
		switch {
		case has("panic-cmd") && cmd.Op == engine.OpFork:
			panic("in a command \x1b[2J")
		case cmd.Op != engine.OpStop || has("deaf"):
		case has("slow") && stops.Add(1) == 1:
		default:
			c.End(nil)
		}
		return engine.Result{}, nil
	}
	t := newTerminal(os.Stdin, os.Stdout, func() { fmt.Fprintln(os.Stderr, "hook") })
	if has("panic-goroutine") {
		t.Go(func() {
			<-time.After(400 * time.Millisecond)
			panic("in a goroutine \x1b[2J")
		})
	}
	out, err := Run(context.Background(), c, Options{
		Terminal:   t,
		Guest:      has("guest"),
		CloseGrace: 300 * time.Millisecond,
		wrap:       func(m tea.Model) tea.Model { return &trippingModel{m, has, ""} },
	})
	fmt.Fprintf(os.Stderr, "outcome %+v, error %v, told %v\n", out, err, c.told())
	// Timers of commands end by themselves, and a stuck Update cannot be ended.
	if !has("stuck") {
		if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/charmbracelet/bubbletea.Tick.func1")); err != nil {
			fmt.Fprintln(os.Stderr, "leak:", err)
		}
	}
	return 0
}

// trippingModel panics or stands still when z is pressed.
type trippingModel struct {
	tea.Model
	has  func(string) bool
	trip string
}

func (m *trippingModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if k, ok := msg.(tea.KeyMsg); ok && k.String() == "z" {
		switch {
		case m.has("stuck"):
			select {}
		case m.has("panic-update"):
			panic("in Update \x1b[2J")
		case m.has("panic-view"):
			m.trip = "in View \x1b[2J"
		}
	}
	_, cmd := m.Model.Update(msg)
	return m, cmd
}

func (m *trippingModel) View() string {
	if m.trip != "" {
		panic(m.trip)
	}
	return m.Model.View()
}

// ptyRun is one run of the program on a terminal that answers nothing.
type ptyRun struct {
	t           *testing.T
	master, tty *os.File
	before      *term.State
	cmd         *exec.Cmd
	stderr      bytes.Buffer
	started     time.Time
	waited      chan error
	drained     chan struct{}

	mu  sync.Mutex
	out []byte
}

func startPTY(t *testing.T, mode string, env ...string) *ptyRun {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	master = pollable(t, master)
	r := &ptyRun{t: t, master: master, tty: tty, waited: make(chan error, 1), drained: make(chan struct{})}
	if r.before, err = term.GetState(tty.Fd()); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.Command(exe)
	if strings.Contains(mode, "nohup") {
		r.cmd = exec.Command("/bin/sh", "-c", `trap "" HUP; exec "$0"`, exe)
	}
	r.cmd.Env = append(os.Environ(), childEnv+"="+mode, "TERM=xterm-256color", "NO_COLOR=", "TMUX=", "COLORFGBG=", "LC_ALL=C.UTF-8")
	r.cmd.Env = append(r.cmd.Env, env...)
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = tty, tty, &r.stderr
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	r.started = time.Now()
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go r.read() // ends when the master is closed
	go func() { r.waited <- r.cmd.Wait() }()
	t.Cleanup(func() {
		_ = r.cmd.Process.Kill()
		select {
		case <-r.waited:
		case <-time.After(5 * time.Second):
		}
		tty.Close()
		master.Close()
		<-r.drained
	})
	return r
}

// pollable is f as a file whose Close ends a Read. Package pty takes the
// descriptor out of its files, which makes them blocking.
func pollable(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return os.NewFile(uintptr(fd), f.Name())
}

func (r *ptyRun) read() {
	defer close(r.drained)
	buf := make([]byte, 64<<10)
	for {
		n, err := r.master.Read(buf)
		r.mu.Lock()
		r.out = append(r.out, buf[:n]...)
		r.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (r *ptyRun) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.out)
}

// await waits until the output has what in it.
func (r *ptyRun) await(what string) {
	r.t.Helper()
	if !poll(5*time.Second, func() bool { return strings.Contains(r.output(), what) }) {
		r.t.Fatalf("%q never came; output %q, stderr %s", what, r.output(), r.stderr.String())
	}
}

func poll(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}

func (r *ptyRun) keys(s string) {
	r.t.Helper()
	if _, err := r.master.WriteString(s); err != nil {
		r.t.Fatal(err)
	}
}

func (r *ptyRun) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// wait waits for the end of the program and returns its exit code.
func (r *ptyRun) wait() int {
	r.t.Helper()
	select {
	case err := <-r.waited:
		r.waited <- err
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			r.t.Fatal(err)
		}
		return r.cmd.ProcessState.ExitCode()
	case <-time.After(10 * time.Second):
		r.t.Fatalf("it does not end; output %q", r.output())
	}
	return -1
}

// restored checks that the terminal is as it was.
func (r *ptyRun) restored() {
	r.t.Helper()
	after, err := term.GetState(r.tty.Fd())
	if err != nil {
		r.t.Fatal(err)
	}
	if !reflect.DeepEqual(r.before, after) {
		r.t.Errorf("termios before %+v, after %+v", r.before, after)
	}
	poll(time.Second, func() bool { return strings.Contains(r.output(), "\x1b[?1049l") })
	out := r.output()
	for on, off := range map[string]string{
		"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?1002h": "\x1b[?1002l",
		"\x1b[?1006h": "\x1b[?1006l", "\x1b[?2004h": "\x1b[?2004l",
	} {
		if strings.LastIndex(out, off) < strings.LastIndex(out, on) || !strings.Contains(out, on) {
			r.t.Errorf("%q is not undone by %q", on, off)
		}
	}
	if n := strings.Count(out, "\x1b[?1049l"); n != 1 {
		r.t.Errorf("the other screen was left %d times", n)
	}
	if _, rest, _ := strings.Cut(out, "\x1b[?1049l"); strings.Contains(rest, "listening") {
		r.t.Errorf("drawn on the screen of the shell: %q", rest)
	}
}

const firstFrame = "listening" // stands in every frame with a table

func TestTerminalIsRestored(t *testing.T) {
	tests := []struct {
		name   string
		mode   string
		end    func(*ptyRun)
		code   int
		stderr string
	}{
		{"q, idle", "-", func(r *ptyRun) { r.keys("q") }, 0, "Why:1 Signal:signal 0 AtOnce:false}, error <nil>, told [stop]"},
		{"q y", "open", func(r *ptyRun) { r.keys("q"); r.await("leave?"); r.keys("y") }, 0, "Why:1 "},
		{"ctrl+c", "open", func(r *ptyRun) { r.keys("\x03") }, 0, "Why:1 "},
		{"ctrl+c twice", "open slow", func(r *ptyRun) { r.keys("\x03"); r.await("stopping"); r.keys("\x03") }, 0, "AtOnce:true}, error <nil>, told [stop stop]"},
		{"twice, deaf", "open deaf", func(r *ptyRun) { r.keys("\x03"); r.await("stopping"); r.keys("q") }, 0, "AtOnce:true"},
		{"SIGTERM", "open", func(r *ptyRun) { r.signal(syscall.SIGTERM) }, 0, "Why:2 Signal:terminated AtOnce:false}, error <nil>, told [stop by outside]"},
		{"SIGINT", "open", func(r *ptyRun) { r.signal(syscall.SIGINT) }, 0, "Why:2 Signal:interrupt"},
		{"SIGTERM and SIGINT", "slow", func(r *ptyRun) { r.signal(syscall.SIGTERM); r.await("stopping"); r.signal(syscall.SIGINT) }, 0, "Signal:interrupt AtOnce:true"},
		{"SIGHUP", "open", func(r *ptyRun) { r.signal(syscall.SIGHUP) }, 0, "Why:2 Signal:hangup AtOnce:false"},
		{"SIGHUP twice is one", "slow", func(r *ptyRun) {
			r.signal(syscall.SIGHUP)
			r.await("\x1b[?1049l")
			r.signal(syscall.SIGHUP)
			r.signal(syscall.SIGTERM)
		}, 0, "Signal:terminated AtOnce:true}, error <nil>, told [stop by outside stop by outside]"},
		{"SIGTERM while Update is stuck", "stuck", func(r *ptyRun) { r.keys("z"); r.signal(syscall.SIGTERM) }, 0, "Why:2 Signal:terminated"},
		{"q of a guest", "open guest", func(r *ptyRun) { r.keys("q") }, 0, "Why:1 Signal:signal 0 AtOnce:false}, error <nil>, told []"},
		{"SIGTERM to a guest", "open guest", func(r *ptyRun) { r.signal(syscall.SIGTERM) }, 0, "Why:2 Signal:terminated AtOnce:false}, error <nil>, told []"},
		{"SIGHUP to a guest", "guest deaf", func(r *ptyRun) { r.signal(syscall.SIGHUP) }, 0, "Why:2 Signal:hangup AtOnce:false}, error <nil>, told []"},
		{"SIGTERM to a guest, Update is stuck", "stuck guest", func(r *ptyRun) { r.keys("z"); r.signal(syscall.SIGTERM) }, 0, "Why:2 Signal:terminated"},
		{"SIGQUIT", "open", func(r *ptyRun) { r.signal(syscall.SIGQUIT) }, 2, "goroutine "},
		{"SIGABRT", "open", func(r *ptyRun) { r.signal(syscall.SIGABRT) }, -1, "SIGABRT: aborted"},
		{"panic in Update", "panic-update", func(r *ptyRun) { r.keys("z") }, 1, `hook` + "\n" + `muster: panic: in Update \x1b[2J`},
		{"panic in View", "panic-view", func(r *ptyRun) { r.keys("z") }, 1, `muster: panic: in View \x1b[2J`},
		{"panic in a command", "panic-cmd", func(r *ptyRun) { r.keys("f") }, 1, `muster: panic: in a command \x1b[2J`},
		{"panic in a goroutine", "panic-goroutine", func(*ptyRun) {}, 1, `muster: panic: in a goroutine \x1b[2J`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := startPTY(t, tt.mode)
			r.await(firstFrame)
			tt.end(r)
			if code := r.wait(); code != tt.code {
				t.Errorf("exit code %d, want %d; stderr %s", code, tt.code, r.stderr.String())
			}
			r.restored()
			if got := r.stderr.String(); !strings.Contains(got, tt.stderr) || strings.Contains(got, "\x1b") || strings.Contains(got, "leak:") {
				t.Errorf("stderr %q, want %q in it", got, tt.stderr)
			}
		})
	}
}

// A terminal that answers no question (a bare pseudo-terminal, a recorder) must
// not wait for the five seconds after which the question is given up.
func TestFirstFrameOnASilentTerminal(t *testing.T) {
	var took time.Duration
	for range 3 { // a busy machine may be slow once; the trap is there each time
		r := startPTY(t, "-")
		r.await(firstFrame)
		took = time.Since(r.started)
		if strings.Contains(r.output(), "\x1b]11;?") {
			t.Error("the terminal was asked for its background")
		}
		r.keys("q")
		r.wait()
		if took < time.Second {
			return
		}
	}
	t.Errorf("the first frame came after %v", took)
}

func TestVanishedTerminal(t *testing.T) {
	for _, tt := range []struct{ mode, stderr string }{
		{"open", "AtOnce:false"},                             // SIGHUP or the end of the terminal, whichever comes first
		{"open nohup", "Why:3 Signal:signal 0 AtOnce:false"}, // the end of the terminal alone has to do
	} {
		r := startPTY(t, tt.mode)
		r.await(firstFrame)
		r.tty.Close()
		r.master.Close()
		if code := r.wait(); code != 0 {
			t.Errorf("%s: exit code %d", tt.mode, code)
		}
		if got := r.stderr.String(); !strings.Contains(got, tt.stderr) || !strings.Contains(got, "told [stop by outside]") {
			t.Errorf("%s: stderr %q", tt.mode, got)
		}
	}
}

// 1,000 resizes in a row: no frame may be left over, torn or wider than the
// terminal, and the last size is what is drawn.
func TestResizeStorm(t *testing.T) {
	r := startPTY(t, "-")
	r.await(firstFrame)
	before := len(r.output())
	resize := func(w, h int) {
		if err := pty.Setsize(r.tty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1000 {
		resize(1+i*7%200, 1+i*3%60)
	}
	resize(100, 30)
	emu := vt.NewEmulator(100, 30)
	fed := 0
	ok := poll(5*time.Second, func() bool {
		out := r.output()[before:]
		_, _ = emu.Write([]byte(out[fed:]))
		fed = len(out)
		lines := strings.Split(emu.String(), "\n")
		return len(lines) == 30 && strings.Contains(lines[0], "muster") && strings.Contains(lines[29], "? all keys") &&
			strings.Contains(lines[2], "1 overview")
	})
	if !ok {
		t.Errorf("the last size was not drawn:\n%s", emu.String())
	}
	if n := len(r.output()) - before; n > 2<<20 {
		t.Errorf("1,000 resizes wrote %d bytes", n)
	}
	r.keys("q")
	if code := r.wait(); code != 0 {
		t.Errorf("exit code %d; stderr %s", code, r.stderr.String())
	}
	r.restored()
}

func TestStopAndContinueFromOutside(t *testing.T) {
	r := startPTY(t, "-")
	r.await(firstFrame)
	r.signal(syscall.SIGTSTP)
	r.await("refused")
	// The shell puts its modes back when a job stops; that is what CONT undoes.
	r.signal(syscall.SIGSTOP)
	if err := term.Restore(r.tty.Fd(), r.before); err != nil {
		t.Fatal(err)
	}
	frames := strings.Count(r.output(), "\x1b[2J")
	r.signal(syscall.SIGCONT)
	if !poll(3*time.Second, func() bool {
		st, err := term.GetState(r.tty.Fd())
		return err == nil && !reflect.DeepEqual(st, r.before) && strings.Count(r.output(), "\x1b[2J") > frames
	}) {
		t.Error("the terminal was not made raw again, or the picture not drawn")
	}
	r.keys("q")
	if code := r.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.restored()
}
