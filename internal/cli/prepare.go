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

// prepare runs the steps that the command does once, before the first worker,
// such as a build. The output goes to stderr as it comes; stdout is for the
// events. A first signal is passed on to the step, a second one ends it at
// once. over tells that there is nothing to start; the error is a
// *command.Failure.
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

// step runs one step. The step has a process group of its own, so that a signal
// reaches all of it, and no standard input, since it is not in the terminal's
// foreground. patience is how long the group has after a signal; 0 = as long as
// it takes. Processes left by a step that ended by itself live on, as after
// npm: the program may need them (for example the daemon of a compiler).
func (a *app) step(step nodecmd.Step, env []string, patience time.Duration, signals <-chan os.Signal) (over bool, err error) {
	runtime.LockOSThread() // the step ends with the thread that started it
	defer runtime.UnlockOSThread()
	cmd := exec.Command(step.Args[0], step.Args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = a.Stderr, a.Stderr
	cmd.WaitDelay = time.Second // processes it leaves may keep its output open
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
			err = nil // the step ended well, and left a process
		}
		return a.stepEnded(step, cmd.ProcessState, err, marked(mark))
	}
}

// stepEnded says whether the cluster should start after a step; reached is the
// exit status of the step's last command if the step wrote it, or "".
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

// marked is what a step has written on its mark so far. It does not wait for
// more: processes the step left have that descriptor too.
func marked(mark *os.File) string {
	if mark == nil {
		return ""
	}
	raw, err := mark.SyscallConn()
	if err != nil {
		return ""
	}
	text, n := make([]byte, 16), 0
	_ = raw.Read(func(fd uintptr) bool { // n = 0 if nothing was written
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

// look is how often to ask the kernel whether a group is empty: it gives no
// notice.
const look = 20 * time.Millisecond

// stop ends the group: first the signal; then SIGTERM for processes the shell
// leaves, which ignore SIGINT in the background; then SIGKILL after patience or
// at a second signal. After a second signal the exit code is that of a death by
// that signal.
func (g stepGroup) stop(sig os.Signal, patience time.Duration, ended <-chan error, signals <-chan os.Signal) error {
	n, _ := sig.(syscall.Signal)
	g.signal(n)
	g.signal(syscall.SIGCONT) // a process stopped at the terminal must get the signal too
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

func (g stepGroup) signal(sig syscall.Signal) { _ = syscall.Kill(-int(g), sig) } // the group may have ended

// empty tells whether nothing of the group lives. As process 1 of a container
// we are the parent of processes the shell left, so dead ones are reaped first.
func (g stepGroup) empty() bool {
	for {
		if pid, err := syscall.Wait4(-int(g), nil, syscall.WNOHANG, nil); pid <= 0 && err != syscall.EINTR {
			break
		}
	}
	return syscall.Kill(-int(g), 0) == syscall.ESRCH
}
