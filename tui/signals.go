package tui

import (
	"context"
	"os"
	"syscall"

	"muster/engine"
	"muster/internal/wireword"

	tea "github.com/charmbracelet/bubbletea"
)

// onSignal handles one signal. leave: the terminal has gone.
func (r *runner) onSignal(s os.Signal) (leave bool) {
	switch s {
	case syscall.SIGINT, syscall.SIGTERM:
		r.stop(BySignal, s.(syscall.Signal))
	case syscall.SIGHUP:
		// Closing a window causes one SIGHUP from the kernel and often another
		// from the shell: the second is no request to end at once.
		r.stopOnce(BySignal, syscall.SIGHUP)
		return true
	case syscall.SIGTSTP:
		r.send(toastMsg("a stop of the primary is refused: the port would stand still"))
	}
	return false
}

// stop asks for the end of the cluster, without waiting for an answer or for
// the screen.
func (r *runner) stop(why Why, sig syscall.Signal) {
	n := r.end.note(why, sig)
	r.send(stopMsg{outside: true, again: n > 1})
	r.t.Go(func() { // ends when the cluster has answered, or after its limit
		if err := r.end.carry(n, why); err != nil {
			r.p.Send(stopMsg{err: err})
		}
	})
}

// stopOnce is stop, unless the end has been asked for already.
func (r *runner) stopOnce(why Why, sig syscall.Signal) {
	if !r.end.begun() {
		r.stop(why, sig)
	}
}

// send gives the program a message without waiting for it.
func (r *runner) send(msg tea.Msg) {
	r.t.Go(func() { r.p.Send(msg) }) // ends when the message is taken, or with the program
}

// unwatch ends the watching for a dashboard that is closed: its cluster may go
// on.
func (r *runner) unwatch() {
	if !r.watching.ever.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), atOnceLimit)
	defer cancel()
	// An error means that the cluster has ended or does not answer: there is
	// nobody left to report it to.
	_, _ = r.cluster.Do(ctx, engine.Command{Op: engine.OpWatch, Viewer: r.watching.viewer, By: wireword.ByKey})
}
