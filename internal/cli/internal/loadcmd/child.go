package loadcmd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/load"
	"muster/internal/onscreen"
)

const (
	answerTime = 500 * time.Millisecond // how long the load may take to take a command, or to end after a stop
	finishTime = 12 * time.Second       // how long its last requests may take (each has 10 s); then it is killed
	maxLine    = 256 << 10              // bytes of one line of its figures
	maxSaid    = 4 << 10                // bytes of its stderr that are kept
)

// Child is the load of the dashboard as a process of its own, `muster load`.
// The primary is kept to one processor, so sending from the primary would slow
// the hand-offs it measures. So the load is the only child of the primary that
// is no worker, and only while it runs. Its stdin is a pipe that ends with the
// primary in any case, and then the load ends.
//
// All methods may be called from any goroutine.
type Child struct {
	command func(onscreen.LoadSettings) *exec.Cmd
	finish  time.Duration // see finishTime
	changed chan struct{}

	mu  sync.Mutex
	run *childRun // the newest, nil = none yet
}

// childRun is one process.
type childRun struct {
	cmd   *exec.Cmd
	stdin *os.File
	said  tail          // its stderr
	done  chan struct{} // closed when the process has been reaped

	mu    sync.Mutex
	stats onscreen.LoadStats
}

// NewChild is a load that has not been started yet.
func NewChild() *Child {
	return &Child{command: childCommand, finish: finishTime, changed: make(chan struct{}, 1)}
}

// childCommand is the command that runs this same program as a load.
func childCommand(set onscreen.LoadSettings) *exec.Cmd {
	self := "/proc/self/exe" // works even if the file is gone, as after `go run`
	if runtime.GOOS != "linux" {
		self, _ = os.Executable() // on an error the path is empty: the start fails and says so
	}
	args := []string{"muster", "load", "--json", "--control", "--rate", strconv.Itoa(set.Rate),
		"--concurrency", strconv.Itoa(set.Concurrency), "--duration", set.Duration.String()}
	if set.KeepAlive {
		args = append(args, "--keepalive")
	}
	if set.Idle > 0 {
		args = append(args, "--idle", strconv.Itoa(set.Idle))
	}
	if set.Slow > 0 {
		args = append(args, "--slow", strconv.Itoa(set.Slow))
	}
	if set.Path != "" && set.Path != "/" {
		args = append(args, "--path", set.Path)
	}
	to := set.Addr
	if !(target{addr: to}).socket() {
		to = "http://" + to + "/"
	}
	return &exec.Cmd{Path: self, Args: append(args, to)}
}

// Start starts the process, unless one runs.
func (c *Child) Start(set onscreen.LoadSettings) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil && !c.run.over() {
		return errors.New("a load runs already")
	}
	run := &childRun{cmd: c.command(set), done: make(chan struct{})}
	run.stats = onscreen.LoadStats{Stats: load.Stats{Target: set.Rate, Left: set.Duration}, Running: true}
	stdout, err := run.start()
	if err != nil {
		return err
	}
	c.run = run
	go c.follow(run, stdout, set.Duration) // ends with the process, which Stop and Close end
	return nil
}

// start starts the process and returns the reading end of its stdout.
func (r *childRun) start() (stdout *os.File, err error) {
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making its stdin: %w", err)
	}
	defer in.Close()
	stdout, out, err := os.Pipe()
	if err != nil {
		stdin.Close()
		return nil, fmt.Errorf("making its stdout: %w", err)
	}
	defer out.Close()
	r.stdin = stdin
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = in, out, &r.said
	// A group of its own: the terminal's Ctrl+C and hang-up are for the
	// primary.
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		stdin.Close()
		stdout.Close()
		return nil, err
	}
	return stdout, nil
}

// follow reads the figures of a run, and reaps it.
func (c *Child) follow(r *childRun, stdout *os.File, total time.Duration) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if st, ok := readFigures(lines.Bytes(), total); ok {
			r.mu.Lock()
			r.stats = st
			r.mu.Unlock()
			c.wake()
		}
	}
	stdout.Close() // after a line that is too long the process must not go on writing
	err := r.cmd.Wait()
	r.stdin.Close()
	r.mu.Lock()
	r.stats.Running, r.stats.Left = false, 0
	r.stats.Err = r.said.why(err)
	r.mu.Unlock()
	close(r.done)
	c.wake()
}

// readFigures reads a line of figures from a load that sends for total; false =
// the line is something else.
func readFigures(line []byte, total time.Duration) (onscreen.LoadStats, bool) {
	var f load.Figures
	if json.Unmarshal(line, &f) != nil {
		return onscreen.LoadStats{}, false
	}
	st := onscreen.LoadStats{Stats: f.Stats(), Running: true}
	st.Left = max(total-st.Elapsed, 0)
	return st, true
}

func (c *Child) wake() {
	select {
	case c.changed <- struct{}{}:
	default: // the last signal is still unread
	}
}

func (c *Child) newest() *childRun {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run
}

// SetRate tells the process another rate.
func (c *Child) SetRate(n int) error {
	r := c.newest()
	if r == nil || r.over() {
		return errors.New("the load has ended")
	}
	return r.tell("rate " + strconv.Itoa(n))
}

// Stop tells the process to end, and waits for that, but not for long.
func (c *Child) Stop() {
	r := c.newest()
	if r == nil || r.over() {
		return
	}
	_ = r.tell("stop") // if the process cannot be told, the end of its stdin stops it
	r.stdin.Close()
	kill := time.AfterFunc(c.finish, r.kill)
	limit := time.NewTimer(answerTime)
	defer limit.Stop()
	select {
	case <-r.done:
		kill.Stop()
	case <-limit.C:
	}
}

// Stats is what the newest process said last; false = there was none yet.
func (c *Child) Stats() (onscreen.LoadStats, bool) {
	r := c.newest()
	if r == nil {
		return onscreen.LoadStats{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats, true
}

// Changed is told when there is something new in Stats.
func (c *Child) Changed() <-chan struct{} { return c.changed }

// Close ends a load that still runs, at once, and reaps it. The loader must not
// be used afterwards.
func (c *Child) Close() {
	if r := c.newest(); r != nil {
		r.kill()
		<-r.done
	}
}

// tell writes a command to the process. It does not wait for a process that
// does not read.
func (r *childRun) tell(command string) error {
	if err := r.stdin.SetWriteDeadline(time.Now().Add(answerTime)); err != nil {
		return fmt.Errorf("telling the load: %w", err)
	}
	if _, err := io.WriteString(r.stdin, command+"\n"); err != nil {
		return fmt.Errorf("telling the load: %w", err)
	}
	return nil
}

func (r *childRun) over() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// kill ends the process. It cannot hit another process: it does not signal a
// reaped one.
func (r *childRun) kill() { _ = r.cmd.Process.Kill() }

// tail keeps the end of the text written to it. Only cmd.Wait's goroutine
// writes, and why is called after that goroutine has ended.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if len(t.b) > maxSaid {
		t.b = bytes.Clone(t.b[len(t.b)-maxSaid:])
	}
	return len(p), nil
}

// why is the last line written, without the program's name, for a process that
// ended with err; "" = it did not fail.
func (t *tail) why(err error) string {
	if err == nil {
		return ""
	}
	text := strings.TrimSpace(string(t.b))
	text = text[strings.LastIndexByte(text, '\n')+1:]
	if text = strings.TrimPrefix(text, "muster: "); text != "" {
		return text
	}
	return err.Error()
}
