package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"muster/internal/cli/internal/command"
	"muster/internal/nodecmd"
)

// prepare runs what the command does once, before the first worker: a build,
// say. Its output goes to stderr as it comes, as if it had been typed; stdout is
// the events'. A first signal is passed on to it, a second one ends it at once.
// over tells that there is nothing to start; the error is a *command.Failure.
func (a *app) prepare(s *settings) (over bool, err error) {
	if s.run == nil || len(s.run.Steps) == 0 {
		return false, nil
	}
	signals, end := command.StopSignals()
	defer end()
	for _, step := range s.run.Steps {
		a.Say("once, before the workers: %s", step.What)
		over, err := a.step(step, s.run.Environ(os.Getenv("PATH")), s.kill, signals)
		if over || err != nil {
			return over, err
		}
	}
	return false, nil
}

// step runs one. It has a process group of its own, so that a signal reaches
// all of it, and no standard input: it is not in the terminal's foreground.
// patience is how long that group has after a signal; 0 = as long as it takes.
// What a step that ended by itself leaves behind lives on, as after npm: it may
// be for the program (the daemon of a compiler, say).
func (a *app) step(step nodecmd.Step, env []string, patience time.Duration, signals <-chan os.Signal) (over bool, err error) {
	runtime.LockOSThread() // the step ends with the thread that started it
	defer runtime.UnlockOSThread()
	cmd := exec.Command(step.Args[0], step.Args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = a.Stderr, a.Stderr
	cmd.WaitDelay = time.Second // what it leaves behind may keep its output
	cmd.SysProcAttr = stepAttr()
	var mark *os.File
	if step.Mark > 0 {
		r, w, err := os.Pipe()
		if err != nil {
			return false, command.Failed(fmt.Errorf("%s: %w; nothing was started", step.What, err))
		}
		defer r.Close()
		defer w.Close()
		mark = r
		cmd.ExtraFiles = make([]*os.File, step.Mark-2)
		cmd.ExtraFiles[step.Mark-3] = w
	}
	if err := cmd.Start(); err != nil {
		return false, command.Failed(fmt.Errorf("%s: %w; nothing was started", step.What, err))
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	g := stepGroup(cmd.Process.Pid)
	select {
	case sig := <-signals:
		a.Say("stopping: %s", step.What)
		return true, g.stop(sig, patience, ended, signals)
	case err := <-ended:
		if errors.Is(err, exec.ErrWaitDelay) {
			err = nil // it ended well, and left something behind
		}
		return a.stepEnded(step, cmd.ProcessState, err, marked(mark))
	}
}

// stepEnded says whether the cluster is to start after a step; reached is the
// exit status of its last command if it wrote that, or "".
func (a *app) stepEnded(step nodecmd.Step, state *os.ProcessState, err error, reached string) (over bool, _ error) {
	if step.Mark == 0 && err == nil || reached == "0" {
		return false, nil
	}
	if reached != "" {
		a.Say("%s: exit status %s; going on, as the script does", step.What, reached)
		return false, nil
	}
	if err == nil {
		a.Say("%s: the script ended before its last command, with code 0; nothing was started", step.What)
		return true, nil
	}
	code := command.ExitFailed
	if status, ok := state.Sys().(syscall.WaitStatus); ok {
		if code = status.ExitStatus(); status.Signaled() {
			code = 128 + int(status.Signal())
		}
	}
	if step.Mark > 0 {
		err = fmt.Errorf("the script ended before its last command, with code %d", code)
		if code > 128 && !state.Exited() {
			err = fmt.Errorf("the script ended before its last command: %v", state)
		}
	}
	return false, &command.Failure{Code: code, Err: fmt.Errorf("%s: %w; nothing was started", step.What, err)}
}

// marked is what a step has written on its mark by now. It does not wait: what
// the step left behind has that descriptor too.
func marked(mark *os.File) string {
	if mark == nil {
		return ""
	}
	raw, err := mark.SyscallConn()
	if err != nil {
		return ""
	}
	text, n := make([]byte, 16), 0
	_ = raw.Read(func(fd uintptr) bool { // nothing written is n = 0
		n, _ = syscall.Read(int(fd), text)
		return true
	})
	status := strings.TrimSpace(string(text[:max(n, 0)]))
	if _, err := strconv.ParseUint(status, 10, 8); err != nil {
		return ""
	}
	return status
}

// stepGroup is the process group of a step, by the pid of its shell.
type stepGroup int

// look is how often the kernel is asked whether a group is empty: it does not
// tell.
const look = 20 * time.Millisecond

// stop ends the group: the signal, and SIGTERM to what the shell leaves, which
// does not hear SIGINT in the background; SIGKILL after patience, and at a
// second signal, whose exit code is that of a death by it.
func (g stepGroup) stop(sig os.Signal, patience time.Duration, ended <-chan error, signals <-chan os.Signal) error {
	n, _ := sig.(syscall.Signal)
	g.signal(n)
	g.signal(syscall.SIGCONT) // one that waits for the terminal hears it too
	var late <-chan time.Time
	if patience > 0 {
		late = time.After(patience)
	}
	kill := func() {
		g.signal(syscall.SIGKILL)
		if ended != nil {
			<-ended
		}
	}
	var again <-chan time.Time
	for {
		select {
		case sig := <-signals:
			kill()
			return &command.Failure{Code: command.SignalCode(sig)}
		case <-late:
			kill()
			return nil
		case <-ended:
			ended = nil
			if g.empty() {
				return nil
			}
			if n != syscall.SIGTERM {
				g.signal(syscall.SIGTERM)
			}
			ticker := time.NewTicker(look)
			defer ticker.Stop()
			again = ticker.C
		case <-again:
			if g.empty() {
				return nil
			}
		}
	}
}

func (g stepGroup) signal(sig syscall.Signal) { _ = syscall.Kill(-int(g), sig) } // it may have ended

// empty tells whether nothing of the group lives. As process 1 of a container we
// are the parent of what its shell left, so the dead are collected first.
func (g stepGroup) empty() bool {
	for {
		if pid, err := syscall.Wait4(-int(g), nil, syscall.WNOHANG, nil); pid <= 0 && err != syscall.EINTR {
			break
		}
	}
	return syscall.Kill(-int(g), 0) == syscall.ESRCH
}
