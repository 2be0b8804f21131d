package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTime is how long a child may take to end after it was asked to; muster
// gives its workers 5 s.
const stopTime = 10 * time.Second

// command is exec.CommandContext in a process group of its own. The whole group
// gets SIGINT when ctx ends: go test, for example, waits for the program it
// runs instead of ending it. The group also keeps Ctrl+C at the terminal away
// from the command, so that the bench stops it, once.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithUs(c.SysProcAttr)
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	c.WaitDelay = stopTime
	return c
}

// child is a server that was started and will be stopped.
type child struct {
	cmd    *exec.Cmd
	stderr tail
	done   chan struct{} // closed when it has ended and its output is read
	err    error         // how it ended; read it after done
}

// newChild prepares a server. No context ends the server: stop does, on every
// path.
func newChild(name string, args ...string) *child {
	c := &child{cmd: exec.Command(name, args...), done: make(chan struct{})}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithUs(c.cmd.SysProcAttr)
	c.cmd.Stderr = &c.stderr
	return c
}

// wait follows a child that was started, to its end: a goroutine calls read,
// which returns at the end of the child's output, and then reaps the child.
func (c *child) wait(read func()) {
	go func() {
		read()
		c.err = c.cmd.Wait()
		close(c.done)
	}()
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// failed says that the child has ended although nobody asked it to.
func (c *child) failed() error {
	return fmt.Errorf("%s ended: %w%s", c.cmd.Args[0], orZero(c.err), c.stderr.said())
}

// stop asks the child to end and waits until it has. Any other end than exit
// code 0 is an error.
func (c *child) stop() error {
	// A child that has ended already is found below.
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !isOver(err) {
		return fmt.Errorf("stopping %s: %w", c.cmd.Args[0], err)
	}
	t := time.NewTimer(stopTime)
	defer t.Stop()
	select {
	case <-c.done:
		if c.err != nil {
			return fmt.Errorf("%s did not end well: %w%s", c.cmd.Args[0], c.err, c.stderr.said())
		}
		return nil
	case <-t.C:
	}
	err := fmt.Errorf("%s did not end in %v after SIGTERM", c.cmd.Args[0], stopTime)
	if kill := c.cmd.Process.Kill(); kill != nil && !isOver(kill) {
		return errors.Join(err, kill)
	}
	<-c.done
	return err
}

// isOver tells whether a signal found no process.
func isOver(err error) bool {
	return errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrProcessDone)
}

var errExitedZero = errors.New("exit status 0")

// orZero gives a text to the nil error of a child that ended well.
func orZero(err error) error {
	if err == nil {
		return errExitedZero
	}
	return err
}

// tail keeps the end of the text written to it, for an error's text.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailLen = 2000

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailLen; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

// said is the written text, as the end of an error's text.
func (t *tail) said() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(string(t.text)); text != "" {
		return ": " + text
	}
	return ""
}
