package engine

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"muster/engine/internal/proc"
)

// plan is the loop's part that knows what the next workers run.
type plan struct {
	*common
	ledger   *ledger
	settings Settings
	wasSetUp bool
	program  program                  // what settings run
	shown    atomic.Pointer[Settings] // settings, for other goroutines; never changed
}

// setup is one setupPrimary: s on top of what is set, the defaults under it
// the first time (https://nodejs.org/api/cluster.html#clustersetupprimarysettings).
//
// found is where the program of s is: the file system may not answer, so the loop
// does not look for it.
func (l *plan) setup(s Settings, by By, found foundExec) error {
	next, err := l.settings.merge(s)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if !l.wasSetUp {
		if next.Args == nil {
			next.Args = append([]string{}, os.Args[1:]...)
		}
		if next.Exec == "" {
			if next.Exec, err = proc.SelfExe(); err != nil {
				return fmt.Errorf("finding this program's file: %w", err)
			}
		}
		l.wasSetUp = true
	}
	if found.name != next.Exec { // it is what it was
		found = foundExec{next.Exec, l.program.path, l.program.err}
	}
	l.useSettings(next)
	l.program = programOf(next, found)
	l.emit(Event{Kind: KindSetup, By: by, Detail: SetupDetail{
		Exec: cmp.Or(l.program.path, next.Exec), ExecArgv: next.ExecArgv, Args: next.Args, Cwd: next.Cwd, Silent: next.Silent, Stdio: next.Stdio,
		Workers: l.o.Workers, Policy: l.ledger.policy, Note: l.setupNote(),
	}})
	l.dispatcher.post(func() { l.listeners.setup.call(func(f func(Settings)) { f(next.clone()) }) })
	return nil
}

// useSettings makes s the settings of later forks.
func (l *plan) useSettings(s Settings) {
	l.settings = s
	shown := s.clone()
	l.shown.Store(&shown)
	l.pub.touch()
}

// setupNote is what is to be told with a setup: Options.Note, and that there is
// no stall limit.
func (l *plan) setupNote() string {
	note := l.o.Note
	if l.o.Stall > 0 && !l.o.StallInspected && inspects(l.program.argv, mergeEnv(os.Environ(), l.settings.Env)) {
		note = strings.TrimPrefix(note+"; ", "; ") + "node has an inspector, so no worker is killed for a stall"
	}
	return note
}

// setupFirst is the setup that comes with the first of n forks, or before any.
func (l *plan) setupFirst(n int) error {
	if n <= 0 && l.wasSetUp {
		return nil
	}
	return l.setup(Settings{}, ByAPI, foundExec{})
}

// show puts what is planned into a picture.
func (l *plan) show(s *Snapshot) {
	s.Command, s.Settings = l.program.command, l.settings
}
