package engine

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"muster/engine/internal/proc"
)

// Process is the process of a worker (Node: worker.process, a ChildProcess).
type Process struct {
	started chan struct{} // closed when there is a process, or there will be none
	p       *proc.Process // nil = the process could not be started; read after started
	exit    atomic.Pointer[ExitDetail]

	stdin          *pipeWriter
	stdout, stderr *proc.Pipe
}

// wait waits for the process to be there: some milliseconds after the fork.
func (p *Process) wait() { <-p.started }

// PID is its process id. It waits for the process to be started, some
// milliseconds after the fork; 0 if that has failed (Node:
// worker.process.pid).
func (p *Process) PID() int {
	p.wait()
	if p.p == nil {
		return 0
	}
	return p.p.PID
}

// ExitCode is its exit code; ok is false while it runs, and if a signal has
// ended it (Node: worker.process.exitCode, then null). For a process that could
// not be started it is the negative errno.
func (p *Process) ExitCode() (code int, ok bool) {
	if e := p.exit.Load(); e != nil && e.Code != nil {
		return *e.Code, true
	}
	return 0, false
}

// ExitSignal is the name of the signal that has ended it, as "SIGKILL"; "" if
// none has (Node: worker.process.signalCode).
func (p *Process) ExitSignal() string {
	if e := p.exit.Load(); e != nil && e.Signal != nil {
		return *e.Signal
	}
	return ""
}

// Signal sends a signal without the API, as kill(1) does: it leaves
// ExitedAfterDisconnect alone, and the worker is replaced (Node:
// worker.process.kill). 0 means SIGTERM. It is no error if the process has
// ended.
func (p *Process) Signal(sig syscall.Signal) error {
	if sig == 0 {
		sig = syscall.SIGTERM
	}
	p.wait()
	if p.p == nil {
		return nil
	}
	if err := p.p.Signal(sig); err != nil {
		return fmt.Errorf("%s to process %d: %w", signalName(sig), p.p.PID, err)
	}
	return nil
}

// Stdin writes to its standard input; nil unless Settings pipe it. A write
// waits until the process takes it. Close ends the input.
func (p *Process) Stdin() io.WriteCloser {
	if p.stdin == nil {
		return nil // not a nil *pipeWriter in an interface
	}
	return p.stdin
}

// Stdout reads its standard output; nil unless Settings pipe it. The worker's
// writes wait when 64 KiB and a full pipe are unread.
func (p *Process) Stdout() io.Reader { return readerOf(p.stdout) }

// Stderr is as Stdout, for standard error.
func (p *Process) Stderr() io.Reader { return readerOf(p.stderr) }

// readerOf keeps a nil Pipe from becoming a non-nil reader.
func readerOf(p *proc.Pipe) io.Reader {
	if p == nil {
		return nil
	}
	return p
}

// pipeWriter is a worker's standard input.
type pipeWriter struct {
	p *Process
	f *os.File // nil if there is no process; read after started
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.p.wait()
	if w.f == nil {
		return 0, os.ErrClosed
	}
	return w.f.Write(b)
}

func (w *pipeWriter) Close() error {
	w.p.wait()
	if w.f == nil {
		return nil
	}
	return w.f.Close()
}
