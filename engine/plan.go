package engine

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"muster/engine/internal/proc"
)

// plan is the loop's part that knows what later workers run.
type plan struct {
	*common
	ledger   *ledger
	settings Settings
	wasSetUp bool
	program  program                  // what settings run
	shown    atomic.Pointer[Settings] // settings, for other goroutines; never changed
}

// setup is one setupPrimary: s over the present settings, the first time with
// the defaults below
// (https://nodejs.org/api/cluster.html#clustersetupprimarysettings).
//
// found is the location of the program of s. The caller looks it up: the file
// system may not answer, so the loop must not.
func (p *plan) setup(s Settings, by By, found foundExec) error {
	next, err := p.settings.merge(s)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if !p.wasSetUp {
		if next.Args == nil {
			next.Args = append([]string{}, os.Args[1:]...)
		}
		if next.Exec == "" {
			if next.Exec, err = proc.SelfExe(); err != nil {
				return fmt.Errorf("finding this program's file: %w", err)
			}
		}
		p.wasSetUp = true
	}
	if found.name != next.Exec { // the name is unchanged
		found = foundExec{next.Exec, p.program.path, p.program.err}
	}
	p.useSettings(next)
	p.program = programOf(next, found)
	p.emit(Event{Kind: KindSetup, By: by, Detail: SetupDetail{
		Exec: cmp.Or(p.program.path, next.Exec), ExecArgv: next.ExecArgv, Args: next.Args, Cwd: next.Cwd, Silent: next.Silent, Stdio: next.Stdio,
		Workers: p.o.Workers, Policy: p.ledger.policy, Note: p.setupNote(),
	}})
	p.dispatcher.post(func() { p.listeners.setup.call(func(f func(Settings)) { f(next.clone()) }) })
	return nil
}

// useSettings makes s the settings of later forks.
func (p *plan) useSettings(s Settings) {
	p.settings = s
	shown := s.clone()
	p.shown.Store(&shown)
	p.pub.touch()
}

// setupNote is the note of a setup event: Options.Note, and that there is no
// stall limit.
func (p *plan) setupNote() string {
	note := p.o.Note
	if p.o.Stall > 0 && !p.o.StallInspected && inspects(p.program.argv, mergeEnv(os.Environ(), p.settings.Env)) {
		note = strings.TrimPrefix(note+"; ", "; ") + "node has an inspector, so no worker is killed for a stall"
	}
	return note
}

// setupFirst is the setup that comes with the first of n forks, or before any.
func (p *plan) setupFirst(n int) error {
	if n <= 0 && p.wasSetUp {
		return nil
	}
	return p.setup(Settings{}, ByAPI, foundExec{})
}

// show puts the settings of later workers into a snapshot.
func (p *plan) show(s *Snapshot) {
	s.Command, s.Settings = p.program.command, p.settings
}
