//go:build linux

package node

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// A program at a breakpoint under traffic was killed by the stall limit. The
// blocked loop stands for the breakpoint: both answer nothing.
func TestNodeInADebuggerIsNotKilledForAStall(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		command string
		attach  func(*cluster) (detach func())
		holds   bool   // the limit was asked for all the same
		spared  string // why it lives
		note    bool   // and the first event says so
	}{
		"an option": {command: "node --inspect=127.0.0.1:0 app.js", spared: "node was started with an inspector", note: true},
		"SIGUSR1": {command: "node --inspect-port=0 app.js", attach: func(c *cluster) func() {
			if err := c.Worker(1).Process().Signal(syscall.SIGUSR1); err != nil {
				c.T.Fatal(err)
			}
			c.AwaitLines(1, "Debugger listening on ")
			return func() {}
		}, spared: "its inspector is open"},
		"ptrace":                   {command: "node app.js", attach: trace, spared: fmt.Sprintf("process %d (", os.Getpid())},
		"an option, and asked for": {command: "node --inspect=127.0.0.1:0 app.js", holds: true},
		"ptrace, and asked for":    {command: "node app.js", attach: trace, holds: true, spared: fmt.Sprintf("process %d (", os.Getpid())},
		"none":                     {command: "node app.js"},
		"the program writes what node would": {
			command: `node --import data:text/javascript,console.error("Debugger%20listening%20on%20ws://127.0.0.1:9/x") app.js`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, s.command, workers(1), stall(1500*time.Millisecond), func(o *scene) { o.StallInspected = s.holds })
			c.AwaitKind(1, engine.KindListening)
			note := kit.OfKind(c.SoFar(), engine.KindSetup)[0].Detail.(engine.SetupDetail).Note
			if strings.Contains(note, "inspector") != s.note {
				t.Errorf("the first event notes %q", note)
			}
			detach := func() {}
			if s.attach != nil {
				detach = s.attach(c)
			}
			defer detach()
			ms := 4000
			if s.spared == "" {
				ms = 60000
			}
			getFrom(t, c.Addr(), 1, fmt.Sprintf("/block?ms=%d", ms))
			all := gather(c.Addr(), 5)
			if s.spared == "" {
				if d := exit(c.AwaitOf(1, engine.KindExit)); d.String() != "SIGKILL" {
					t.Errorf("exit %+v", d)
				}
				all.answered(t, 5)
				return
			}
			all.answered(t, 5)
			var said []string
			for _, e := range kit.OfKind(c.SoFar(), engine.KindStall) {
				if d := e.Detail.(engine.StallDetail); d.Spared != "" {
					said = append(said, d.Spared)
				}
			}
			if len(said) != 1 || !strings.HasPrefix(said[0], s.spared) {
				t.Errorf("said %q, want %q once", said, s.spared)
			}
			if sent := signals(c.Log, 1); len(sent) != 0 {
				t.Errorf("it was sent %q", sent)
			}
			if s.attach == nil || s.note {
				return
			}
			detach()
			if !strings.HasPrefix(name, "ptrace") {
				return // an inspector stays open
			}
			getFrom(t, c.Addr(), 1, "/block?ms=60000")
			all = gather(c.Addr(), 5)
			if d := exit(c.AwaitOf(1, engine.KindExit)); d.String() != "SIGKILL" {
				t.Errorf("once nothing traces it: exit %+v", d)
			}
			all.answered(t, 5)
		})
	}
}

// trace has a thread of this process trace worker 1. It ends with the thread.
func trace(c *cluster) (detach func()) {
	c.T.Helper()
	pid := c.Worker(1).Process().PID()
	seized, over, gone := make(chan error), make(chan struct{}), make(chan struct{})
	var tracer func()
	tracer = func() { // ends with detach
		runtime.LockOSThread() // and with the goroutine the thread, which the tracer is
		if unix.Gettid() == os.Getpid() {
			// But for the main thread, which does not end. While this one holds it,
			// the next gets another.
			defer runtime.UnlockOSThread()
			go tracer()
			<-gone
			return
		}
		_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0)
		if errno != 0 {
			seized <- errno
			close(gone)
			return
		}
		seized <- nil
		<-over
		close(gone)
	}
	go tracer()
	if err := <-seized; err != nil {
		c.T.Skipf("this process may not trace its child: %v", err)
	}
	return func() {
		select {
		case <-over:
		default:
			close(over)
		}
		<-gone
	}
}
