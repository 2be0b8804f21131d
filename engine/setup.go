package engine

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// program is what the workers run, as the settings have it.
type program struct {
	path    string
	argv    []string
	command string // for people
	builtin bool   // this very binary
	err     error  // why it cannot be run: the error of each fork
}

// setup is one setupPrimary: s on top of what is set, the defaults under it
// the first time (https://nodejs.org/api/cluster.html#clustersetupprimarysettings).
func (l *loop) setup(s Settings, by By) error {
	next, err := l.settings.merge(s)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if !l.wasSetUp {
		if next.Args == nil {
			next.Args = append([]string{}, os.Args[1:]...)
		}
		if next.Exec == "" {
			if next.Exec, err = selfExe(); err != nil {
				return fmt.Errorf("finding this program's file: %w", err)
			}
		}
		l.wasSetUp = true
	}
	l.useSettings(next)
	l.program = programOf(next)
	l.emit(Event{Kind: KindSetup, By: by, Call: "cluster.setupPrimary()", Detail: SetupDetail{
		Exec: cmp.Or(l.program.path, next.Exec), ExecArgv: next.ExecArgv, Args: next.Args, Cwd: next.Cwd, Silent: next.Silent, Stdio: next.Stdio,
		Workers: l.o.Workers, Policy: l.policy, Note: l.o.Note,
	}})
	l.dispatcher.post(func() { l.listeners.setup.call(func(f func(Settings)) { f(next.clone()) }) })
	return nil
}

// useSettings makes s the settings of later forks.
func (l *loop) useSettings(s Settings) {
	l.settings = s
	shown := s.clone()
	l.settingsNow.Store(&shown)
	l.dirty = true
}

// programOf is what s runs.
func programOf(s Settings) program {
	self, err := selfExe()
	if s.Exec == "" || s.Exec == self {
		if err != nil {
			return program{err: fmt.Errorf("finding this program's file: %w", err)}
		}
		args := append(append([]string{"muster"}, s.ExecArgv...), s.Args...)
		return program{path: self, argv: args, command: strings.Join(append([]string{"muster (built-in worker)"}, args[1:]...), " "), builtin: true}
	}
	argv := append(append([]string{s.Exec}, s.ExecArgv...), s.Args...)
	p := program{argv: argv, command: strings.Join(argv, " ")}
	p.path, p.err = lookPath(s.Exec)
	return p
}
