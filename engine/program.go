package engine

import (
	"fmt"
	"slices"
	"strings"

	"muster/engine/internal/proc"
)

// program is what the workers run by the settings.
type program struct {
	path    string
	argv    []string
	command string // for people
	builtin bool   // this very binary
	err     error  // why it cannot be run: the error of each fork
}

// foundExec is the file found for a program's name, or why there is none.
type foundExec struct {
	name, path string
	err        error
}

// findExec looks for the program of s in the file system.
func findExec(s Settings) foundExec {
	if self, err := proc.SelfExe(); s.Exec == "" || err == nil && s.Exec == self {
		return foundExec{}
	}
	path, err := proc.LookPath(s.Exec)
	return foundExec{s.Exec, path, err}
}

// programOf is what s runs.
func programOf(s Settings, found foundExec) program {
	self, err := proc.SelfExe()
	if s.Exec == "" || s.Exec == self {
		if err != nil {
			return program{err: fmt.Errorf("finding this program's file: %w", err)}
		}
		args := slices.Concat(s.ExecArgv, s.Args)
		command := strings.Join(append([]string{ownName() + " (built-in worker)"}, args...), " ")
		return program{path: self, argv: append([]string{ownName()}, args...), command: command, builtin: true}
	}
	argv := slices.Concat([]string{s.Exec}, s.ExecArgv, s.Args)
	return program{path: found.path, argv: argv, command: strings.Join(argv, " "), err: found.err}
}
