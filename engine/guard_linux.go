package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/proc"
	"muster/internal/guard"
)

// keeper starts the cluster's guard (see package guard), tells it of the
// workers, and starts another one when it ends. All of that runs on goroutines
// of its own: a guard that stands still holds up nobody.
type keeper struct {
	procs *proc.Set
	post  func(msg) bool
	start func(theirs *os.File) (*os.Process, error)
	run   func(func()) // starts a goroutine
	quit  chan struct{}
}

// guarding starts a guard with the first worker. end ends it; it has gone when
// the cluster's goroutines have. Process 1 needs no guard: when it ends, all
// processes of its namespace end.
func guarding(c *common, f *family) (end func()) {
	if c.o.NoGuard || c.pid == 1 {
		return func() {}
	}
	k := &keeper{procs: f.procs, post: c.post, start: f.startGuard, run: c.spawnTask, quit: make(chan struct{})}
	c.spawnTask(k.keep)
	return func() { close(k.quit) }
}

// startGuard starts a guard. Until it becomes a guard it may need the
// environment and the directory (for init functions of the program), so it gets
// them.
func (f *family) startGuard(theirs *os.File) (*os.Process, error) {
	exe, err := proc.SelfExe()
	if err != nil {
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	charge := guard.Charge{Primary: f.self, Reach: guard.Groups, Mark: envMark + "=" + f.token + "."}
	switch {
	case f.keep:
		charge.Reach = guard.Workers
	case f.adopting():
		charge.Reach = guard.Marked
	}
	env := mergeEnv(os.Environ(), []string{
		guard.Env + "=" + charge.String(),
		envMark + "=", envPrimary + "=", // a cluster within a worker is not to be ended as that worker's children
		envMaxProcs + "=1", "GOGC=off", "GOMEMLIMIT=32MiB",
	})
	return os.StartProcess(exe, []string{ownName() + ": guard of " + strconv.Itoa(f.self)}, &os.ProcAttr{
		Env: env, Files: []*os.File{null, null, null, theirs}, Sys: &syscall.SysProcAttr{Setsid: true},
	})
}

// keep keeps a guard running as long as the cluster runs.
func (k *keeper) keep() {
	for ended := 0; ; {
		for !k.procs.Pidfds() {
			select {
			case <-k.procs.Changed:
			case <-k.quit:
				return
			}
		}
		began := time.Now()
		err := k.one()
		select {
		case <-k.quit:
			return
		default:
		}
		if time.Since(began) > guardGood {
			ended = 0
		}
		ended++
		if m := guardLost(err, ended); m != nil {
			k.post(m)
		}
		wait, ok := nextGuard(ended)
		if !ok {
			return
		}
		select {
		case <-time.After(wait):
		case <-k.quit:
			return
		}
	}
}

// one starts a guard and tells it of the workers until it has ended; err says how.
func (k *keeper) one() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket for the guard: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "guard")
	_ = unix.SetNonblock(fds[0], true) // for the runtime's poller
	ours := os.NewFile(uintptr(fds[0]), "guard")
	defer ours.Close()
	p, err := k.start(theirs)
	theirs.Close()
	if err != nil {
		return fmt.Errorf("starting the guard: %w", err)
	}
	ended := make(chan struct{})
	var tasks sync.WaitGroup
	task := func(f func()) {
		tasks.Add(1)
		k.run(func() {
			defer tasks.Done()
			f()
		})
	}
	task(func() {
		_, _ = ours.Read(make([]byte, 1)) // the guard writes nothing: this returns when it ends
		close(ended)
	})
	task(func() { // on a goroutine of its own: the one below may wait for long
		select {
		case <-k.quit:
		case <-ended:
		}
		_ = p.Kill()
	})
	k.tell(ours, ended)
	_ = p.Kill()
	state, err := p.Wait()
	tasks.Wait()
	if err != nil {
		return fmt.Errorf("waiting for the guard, process %d: %w", p.Pid, err)
	}
	return fmt.Errorf("the guard, process %d, has ended (%v)", p.Pid, state)
}

// tell tells a guard which workers there are, until it has ended or does not
// take the message.
func (k *keeper) tell(to *os.File, ended <-chan struct{}) {
	conn, err := to.SyscallConn()
	if err != nil {
		return
	}
	send := func(b, oob []byte) (err error) {
		werr := conn.Write(func(fd uintptr) bool {
			err = unix.Sendmsg(int(fd), b, oob, nil, unix.MSG_NOSIGNAL)
			return err != unix.EAGAIN && err != unix.EINTR
		})
		return errors.Join(err, werr)
	}
	told := make(map[*proc.Process]bool)
	for {
		ps, _ := k.procs.List()
		now := make(map[*proc.Process]bool, len(ps))
		for _, p := range ps {
			now[p] = true
		}
		for p := range told { // first: a new worker may have the number
			if !now[p] {
				delete(told, p)
				if send(guard.Reaped(p.PID), nil) != nil {
					return
				}
			}
		}
		for p := range now {
			if told[p] {
				continue
			}
			told[p] = true
			var serr error
			// A worker that was reaped meanwhile has no pidfd any more: nothing
			// is sent.
			_ = p.WithPidfd(func(pidfd uintptr) { serr = send(guard.Started(p.PID), unix.UnixRights(int(pidfd))) })
			if serr != nil {
				return
			}
		}
		select {
		case <-k.procs.Changed:
		case <-ended:
			return
		}
	}
}
