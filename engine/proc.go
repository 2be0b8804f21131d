package engine

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// spawnSpec is a process to start. The files become 0, 1, 2 and 3 of the child.
// stdin nil is /dev/null.
type spawnSpec struct {
	worker int // the id of the worker it becomes
	path   string
	argv   []string
	dir    string
	env    []string
	stdin  *os.File
	stdout *os.File
	stderr *os.File
	chanFD *os.File
}

// spawner starts processes, one after another, on a thread of its own (see
// onOwnThread).
type spawner struct{ jobs chan func() }

// newSpawner starts the goroutine; it ends with close.
func newSpawner(run func(func())) *spawner {
	s := &spawner{jobs: make(chan func(), spawnsMax)}
	run(func() { onOwnThread(s.work) })
	return s
}

func (s *spawner) work() {
	for job := range s.jobs {
		job()
	}
}

// do runs job on the spawner's thread, in the order of the calls; startProc may
// be called there and nowhere else. It does not wait.
func (s *spawner) do(job func()) { s.jobs <- job }

// close ends the spawner. The workers must be gone: its thread ends too.
func (s *spawner) close() { close(s.jobs) }

// startProc starts a process, in a process group of its own: the terminal's
// Ctrl+C and Ctrl+Z are for the primary alone.
func startProc(spec spawnSpec) (*proc, error) {
	if spec.stdin == nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		defer null.Close()
		spec.stdin = null
	}
	p, err := os.StartProcess(spec.path, spec.argv, &os.ProcAttr{
		Dir:   spec.dir,
		Env:   spec.env,
		Files: []*os.File{spec.stdin, spec.stdout, spec.stderr, spec.chanFD},
		Sys:   childAttr(),
	})
	if err != nil {
		return nil, wrongDir(spec.dir, err)
	}
	return newProc(p, spec.worker), nil
}

// dirError is a working directory a worker could not be started in.
type dirError struct {
	dir string
	err error
}

func (e *dirError) Error() string { return "its working directory " + e.dir + ": " + errText(e.err) }
func (e *dirError) Unwrap() error { return e.err }

// wrongDir is err, the error of starting a process in dir, or a *dirError if
// that is because of dir: a start names the program whatever was missing.
func wrongDir(dir string, err error) error {
	if dir == "" {
		return err
	}
	// The dot: one must be able to look into it, too.
	if _, derr := os.Stat(dir + "/."); derr != nil {
		return &dirError{dir, derr}
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

// proc is a started worker process. Its methods may be called from any
// goroutine, and after its end.
type proc struct {
	processCalls
	pid    int
	worker int // its id
}

// processCalls are what the system does with a process. kernelProcess is the real
// one.
type processCalls interface {
	// signal sends sig to the process alone (on Linux by its pidfd: never to
	// another one that got the number).
	signal(sig syscall.Signal) error
	// signalGroup sends sig to the group the process was started in, as long as the
	// number cannot have been used again: until the process is reaped. The process
	// itself may have joined another group (setpgid(2)), and does not get it then.
	signalGroup(sig syscall.Signal)
	// awaitEnd waits until the process has ended and tells how. Where that can be
	// done it is not reaped then, so that its number, and its group's, stay its own.
	awaitEnd() (*ExitDetail, error)
	// reap reaps a process that has ended.
	reap() error
	isReaped() bool
	// dying tells whether the process is in its end, or gone.
	dying() bool
	// stopped tells whether it is stopped, by SIGSTOP or by a debugger.
	stopped() bool
	// withPidfd calls f with a pidfd of it, if there is one.
	withPidfd(f func(fd uintptr)) error
}

// kill sends SIGKILL to the group the process was started in and to the process,
// wherever it has gone; a group it has joined is not ours to kill. These are all
// one signal can reach: a worker has no cgroup of its own, and what it started
// and has left the group is found by family.look. The error is that of the process.
func (p *proc) kill() error {
	p.signalGroup(syscall.SIGKILL)
	return p.signal(syscall.SIGKILL)
}

// hasPidfd tells whether there is a pidfd of it.
func (p *proc) hasPidfd() bool { return p.withPidfd(func(uintptr) {}) == nil }

// kernelProcess is a process of the kernel's.
type kernelProcess struct {
	p   *os.Process
	pid int

	mu     sync.Mutex
	reaped bool
}

// newProc is a worker's process that has been started.
func newProc(p *os.Process, worker int) *proc {
	return &proc{processCalls: &kernelProcess{p: p, pid: p.Pid}, pid: p.Pid, worker: worker}
}

func (p *kernelProcess) signal(sig syscall.Signal) error {
	err := p.p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (p *kernelProcess) signalGroup(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, sig)
	}
}

func (p *kernelProcess) isReaped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reaped
}

func (p *kernelProcess) withPidfd(f func(fd uintptr)) error { return p.p.WithHandle(f) }
