//go:build !linux

package engine

import (
	"errors"
	"os"
	"sync"
	"syscall"
)

// spawnSpec: see spawn_linux.go.
type spawnSpec struct {
	path   string
	argv   []string
	dir    string
	env    []string
	stdout *os.File
	stderr *os.File
	chanFD *os.File
}

// spawner starts processes, one after another. Outside Linux nothing kills a
// worker when the primary dies by SIGKILL but the end of its channel.
type spawner struct{ jobs chan func() }

func newSpawner(run func(func())) *spawner {
	s := &spawner{jobs: make(chan func(), spawnsMax)}
	run(func() {
		for job := range s.jobs {
			job()
		}
	})
	return s
}

func (s *spawner) do(job func()) { s.jobs <- job }

func (s *spawner) close() { close(s.jobs) }

func startProc(spec spawnSpec) (*proc, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	p, err := os.StartProcess(spec.path, spec.argv, &os.ProcAttr{
		Dir:   spec.dir,
		Env:   spec.env,
		Files: []*os.File{null, spec.stdout, spec.stderr, spec.chanFD},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return nil, err
	}
	return &proc{p: p, pid: p.Pid}, nil
}

// proc: see spawn_linux.go.
type proc struct {
	p   *os.Process
	pid int

	mu     sync.Mutex
	reaped bool
}

func (p *proc) signal(sig syscall.Signal) error {
	err := p.p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (p *proc) killGroup() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
}

// dying is not to be known here: its exit is waited for a moment.
func (p *proc) dying() bool { return true }

func (p *proc) wait() (*os.ProcessState, error) {
	s, err := p.p.Wait()
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	return s, err
}

func closeOnExecAll() {}

func openDescriptors() []int { return nil }

func selfExe() (string, error) { return os.Executable() }

func nameSelf(string) {}
