package proc

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// Spec is a process to start. The files become 0, 1, 2 and 3 of the child.
// stdin nil is /dev/null.
type Spec struct {
	Worker  int // the id of the worker it becomes
	Path    string
	Argv    []string
	Dir     string
	Env     []string
	Stdin   *os.File
	Stdout  *os.File
	Stderr  *os.File
	Channel *os.File
}

// Spawner starts processes, one after another, on a thread of its own (see
// onOwnThread).
type Spawner struct{ jobs chan func() }

// NewSpawner starts the goroutine by run; it ends with Close. room is how many
// jobs may wait.
func NewSpawner(run func(func()), room int) *Spawner {
	s := &Spawner{jobs: make(chan func(), room)}
	run(func() { onOwnThread(s.work) })
	return s
}

func (s *Spawner) work() {
	for job := range s.jobs {
		job()
	}
}

// Do runs job on the spawner's thread, in the order of the calls; Start may be
// called there and nowhere else. Do does not wait for job to run, but may wait
// for room in the queue.
func (s *Spawner) Do(job func()) { s.jobs <- job }

// Close ends the spawner. The workers must be gone: its thread ends too.
func (s *Spawner) Close() { close(s.jobs) }

// Start starts a process, in a process group of its own: the terminal's
// Ctrl+C and Ctrl+Z are for the primary alone.
func Start(spec Spec) (*Process, error) {
	if spec.Stdin == nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		defer null.Close()
		spec.Stdin = null
	}
	p, err := os.StartProcess(spec.Path, spec.Argv, &os.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.Env,
		Files: []*os.File{spec.Stdin, spec.Stdout, spec.Stderr, spec.Channel},
		Sys:   childAttr(),
	})
	if err != nil {
		return nil, wrongDir(spec.Dir, err)
	}
	return New(p, spec.Worker), nil
}

// DirError is a working directory a worker could not be started in.
type DirError struct {
	Dir string
	Err error
}

func (e *DirError) Error() string { return "its working directory " + e.Dir + ": " + errText(e.Err) }
func (e *DirError) Unwrap() error { return e.Err }

// wrongDir returns err, the error of starting a process in dir, or a *DirError
// if dir is the reason: the error of a start names the program even when the
// directory is missing.
func wrongDir(dir string, err error) error {
	if dir == "" {
		return err
	}
	// The dot: the directory must be searchable, too.
	if _, derr := os.Stat(dir + "/."); derr != nil {
		return &DirError{dir, derr}
	}
	return err
}

// errText is what err says without the call and the path.
func errText(err error) string {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// Process is a started worker process. Its methods may be called from any
// goroutine, and after its end.
type Process struct {
	Calls
	PID    int
	Worker int // its id
}

// Calls are what the system does with a process. New gives those of the kernel.
type Calls interface {
	// Signal sends sig to the process alone (on Linux by its pidfd: never to
	// another process that got the number). It is no error if the process has
	// ended.
	Signal(sig syscall.Signal) error
	// SignalGroup sends sig to the group the process was started in, as long as
	// the number cannot have been used again: until the process is reaped. A
	// process that has joined another group (setpgid(2)) does not get the
	// signal.
	SignalGroup(sig syscall.Signal)
	// AwaitEnd waits until the process has ended and tells how. Where the
	// system allows it the process is not reaped yet, so that it keeps its
	// number, and its group's.
	AwaitEnd() (Exit, error)
	// Reap reaps a process that has ended.
	Reap() error
	// IsReaped tells whether it is reaped.
	IsReaped() bool
	// Dying tells whether the process is in its end, or gone.
	Dying() bool
	// Stopped tells whether it is stopped, by SIGSTOP or by a debugger.
	Stopped() bool
	// WithPidfd calls f with a pidfd of the process, which f must not keep. It
	// fails if there is none, or none any more.
	WithPidfd(f func(pidfd uintptr)) error
}

// Exit is how a process has ended: by an exit code or by a signal. Neither is
// known if it could not be waited for.
type Exit struct {
	Code   *int
	Signal syscall.Signal // 0 = none
}

// Kill sends SIGKILL to the group the process was started in and to the
// process, also if it has joined another group, which is not ours to kill. One
// signal reaches no more than that: a worker has no cgroup of its own. Children
// that have left the group are found only by looking at all processes. The
// error is that of the signal to the process.
func (p *Process) Kill() error {
	p.SignalGroup(syscall.SIGKILL)
	return p.Signal(syscall.SIGKILL)
}

// hasPidfd tells whether there is a pidfd of it.
func (p *Process) hasPidfd() bool { return p.WithPidfd(func(uintptr) {}) == nil }

// kernelProcess is a process of the kernel's.
type kernelProcess struct {
	p   *os.Process
	pid int

	mu     sync.Mutex
	reaped bool
}

// New makes a Process of one that has been started, by Start or otherwise.
func New(p *os.Process, worker int) *Process {
	return &Process{Calls: &kernelProcess{p: p, pid: p.Pid}, PID: p.Pid, Worker: worker}
}

func (p *kernelProcess) Signal(sig syscall.Signal) error {
	err := p.p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (p *kernelProcess) SignalGroup(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, sig)
	}
}

func (p *kernelProcess) IsReaped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reaped
}

func (p *kernelProcess) WithPidfd(f func(pidfd uintptr)) error { return p.p.WithHandle(f) }
