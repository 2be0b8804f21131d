package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Settings is how later forks start their workers (Node: cluster.settings,
// https://nodejs.org/api/cluster.html#clustersettings). In a call of
// SetupPrimary a field that is nil or "" leaves what was set before.
type Settings struct {
	// Exec is the program: a path, or a name that is looked up in PATH. If none
	// was ever given it is the primary's own binary, which then must call Role
	// first.
	Exec string `json:"exec,omitempty"`
	// ExecArgv comes between Exec and Args: for Node workers the flags of node
	// itself and the script, as in {"--inspect", "server.js"}.
	ExecArgv []string `json:"execArgv,omitzero"`
	// Args are the program's arguments (os.Args[1:] in a Go worker). Empty but
	// not nil = none. Until they are set they are the primary's own.
	Args []string `json:"args,omitzero"`
	// Cwd is the workers' working directory, and PWD in their environment. The
	// kernel resolves the path anew for each fork: if a link in it has changed,
	// the next worker starts in the new target. A fork that cannot enter it
	// fails with an error that names it, and is tried again. Without Cwd it is
	// the primary's own directory.
	Cwd string `json:"cwd,omitempty"`
	// Env is KEY=VALUE, added to the primary's environment; what Fork is given
	// comes after it.
	Env []string `json:"env,omitzero"`
	// Silent false gives the workers the primary's own stdin, stdout and stderr,
	// which is Node's default; true pipes all three to Worker.Process. nil, the
	// default here, is neither: see StdioEvents.
	Silent *bool `json:"silent,omitempty"`
	// Stdio sets stdin, stdout and stderr one by one, and overrides Silent.
	Stdio []Stdio `json:"stdio,omitzero"`
}

// Stdio is what one of a worker's standard streams is connected to.
type Stdio string

const (
	// StdioEvents, the default: each line of stdout and stderr becomes an event,
	// so that nothing but the screen writes to the screen's terminal. stdin is
	// empty.
	StdioEvents Stdio = "events"
	// StdioInherit is the primary's own stream (Node: "inherit").
	StdioInherit Stdio = "inherit"
	// StdioPipe is a pipe to Worker.Process (Node: "pipe").
	StdioPipe Stdio = "pipe"
	// StdioIgnore is /dev/null (Node: "ignore").
	StdioIgnore Stdio = "ignore"
)

// streams are the names of Settings.Stdio's places.
var streams = [3]string{"stdin", "stdout", "stderr"}

// merge is s with the fields n sets. n is not changed, and the result shares
// nothing with it.
func (s Settings) merge(n Settings) (Settings, error) {
	n = n.clone()
	if n.Exec != "" {
		s.Exec = n.Exec
	}
	if n.ExecArgv != nil {
		s.ExecArgv = n.ExecArgv
	}
	if n.Args != nil {
		s.Args = n.Args
	}
	if n.Cwd != "" {
		s.Cwd = n.Cwd
	}
	if n.Env != nil {
		s.Env = n.Env
	}
	if n.Silent != nil {
		s.Silent = n.Silent
		if n.Stdio == nil {
			s.Stdio = nil // Silent replaces Stdio
		}
	}
	if n.Stdio != nil {
		s.Stdio = n.Stdio
	}
	return s, badRequest(n.check())
}

func (s Settings) check() error {
	if err := checkEnv(s.Env); err != nil {
		return err
	}
	if len(s.Stdio) > len(streams) {
		return fmt.Errorf("stdio for %d streams: there are three, stdin, stdout and stderr", len(s.Stdio))
	}
	for i, v := range s.Stdio {
		switch v {
		case StdioEvents, StdioInherit, StdioPipe, StdioIgnore, "":
		default:
			return fmt.Errorf("stdio %q for %s is not known: events, inherit, pipe or ignore", v, streams[i])
		}
	}
	for _, arg := range slices.Concat([]string{s.Exec, s.Cwd}, s.ExecArgv, s.Args) {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%q holds a zero byte, which no argument can", arg)
		}
	}
	return nil
}

// checkEnv refuses variables that the kernel or mergeEnv would misread.
func checkEnv(env []string) error {
	for _, kv := range env {
		if name, _, ok := strings.Cut(kv, "="); !ok || name == "" || strings.ContainsRune(kv, 0) {
			return badRequest(fmt.Errorf("%q is no variable for an environment: NAME=VALUE", kv))
		}
	}
	return nil
}

// stdio is what each of the three streams is connected to.
func (s Settings) stdio() [3]Stdio {
	all := StdioEvents
	if s.Silent != nil {
		all = StdioInherit
		if *s.Silent {
			all = StdioPipe
		}
	}
	out := [3]Stdio{all, all, all}
	for i, v := range s.Stdio {
		if v != "" {
			out[i] = v
		}
	}
	return out
}

// clone is a copy that shares nothing with s. Empty slices that are not nil
// stay so.
func (s Settings) clone() Settings {
	s.ExecArgv = slices.Clone(s.ExecArgv)
	s.Args = slices.Clone(s.Args)
	s.Env = slices.Clone(s.Env)
	s.Stdio = slices.Clone(s.Stdio)
	if s.Silent != nil {
		s.Silent = new(*s.Silent)
	}
	return s
}

// String is the settings as Node prints the object, in JSON, without empty
// fields.
func (s Settings) String() string {
	for _, list := range []*[]string{&s.ExecArgv, &s.Args, &s.Env} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(s.Stdio) == 0 {
		s.Stdio = nil
	}
	b, err := json.Marshal(s)
	if err != nil { // strings and bools always have a form
		return ""
	}
	return string(b)
}
