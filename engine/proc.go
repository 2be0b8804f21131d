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
		return nil, err
	}
	return &proc{p: p, pid: p.Pid}, nil
}

// proc is a started worker process. Its methods may be called from any
// goroutine, and after its end.
type proc struct {
	p   *os.Process
	pid int

	mu     sync.Mutex
	reaped bool
}

// signal sends sig to the process alone (on Linux by its pidfd: never to
// another one that got the number).
func (p *proc) signal(sig syscall.Signal) error {
	err := p.p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// killGroup sends SIGKILL to its process group, as long as the number cannot
// have been used again.
func (p *proc) killGroup() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
}
