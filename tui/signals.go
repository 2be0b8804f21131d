package tui

import (
	"context"
	"os"
	"syscall"

	"muster/engine"
	"muster/internal/wireword"

	tea "github.com/charmbracelet/bubbletea"
)

// onSignal handles one signal. leave: the terminal is not ours any more.
func (r *runner) onSignal(s os.Signal) (leave bool) {
	switch s {
	case syscall.SIGINT, syscall.SIGTERM:
		r.stop(BySignal, s.(syscall.Signal))
	case syscall.SIGHUP:
		// Closing a window brings one from the kernel and often one from the
		// shell: the second is no wish to end at once.
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
	r.t.Go(func() { r.p.Send(msg) }) // ends when it is taken, or with the program
}

// unwatch ends the watching for a dashboard that is taken away: its cluster may
// go on.
func (r *runner) unwatch() {
	if !r.watching.ever.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), atOnceLimit)
	defer cancel()
	// An error is that of a cluster that has ended, or does not answer: there is
	// nobody left to tell it to.
	_, _ = r.cluster.Do(ctx, engine.Command{Op: engine.OpWatch, Viewer: r.watching.viewer, By: wireword.ByKey})
}
