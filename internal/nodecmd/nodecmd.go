// Package nodecmd looks at the command of `muster run` and sees to it that the
// Node program in it gets the channel. A launcher that is itself a Node program
// (npm, npx, tsx, cross-env, ...) takes the channel for itself, and the program
// below it would bind the port alone, unseen.
//
// Launchers that only set something are taken out: the program they would start
// is started without them. Other launchers are refused, with the line to use.
// Scripts of package.json and of `sh -c` are read as the shell reads them (see
// parseScript); a script with a construct that is not followed runs as it is if
// it contains no launcher. The commands before a script's last one run once.
package nodecmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Plan is what to run.
type Plan struct {
	Args  []string // the command and its arguments
	Env   []string // NAME=value, for the workers and the steps
	Path  string   // a directory to put first in PATH; "" = none
	Note  string   // a line that says what is run instead of the given command; "" = the command itself
	Steps []Step   // to be run once, one after another, before the first worker is forked
}

// Environ is the variables the plan adds to an environment with this PATH.
func (p *Plan) Environ(path string) []string {
	env := slices.Clone(p.Env)
	if p.Path != "" {
		env = append(env, "PATH="+p.Path+string(os.PathListSeparator)+path)
	}
	return env
}

// Step is what runs once: a build, say.
type Step struct {
	What string   // the text in the script
	Args []string // the command and its arguments
	// Mark is the descriptor on which the step writes the exit status of its
	// last command when it gets to the end, where the script would start the
	// program. A script that ends earlier (exit, set -e, a && that fails) must
	// not start the program. 0 = a script of its own, which may end anywhere
	// with exit status 0.
	Mark int
}

// Files is the part of the file system that Resolve reads: os.ReadFile.
type Files func(name string) ([]byte, error)

// World is what Resolve knows of the environment the command is to run in.
type World struct {
	Dir    string // the working directory, where package.json is looked for
	Read   Files
	Getenv func(string) string
	// Node is the version of the node in PATH, called only if the line to use
	// depends on it; 0, 0 = not known.
	Node func() (major, minor int)
}

// Error says why a command cannot work, and what to type instead.
type Error struct{ Problem, Instead string }

func (e *Error) Error() string {
	if e.Instead == "" {
		return e.Problem
	}
	return e.Problem + "; use: " + e.Instead
}

// Resolve finds out what to run for a command. An error that says what to type
// is an *Error.
func Resolve(args []string, w World) (Plan, error) {
	if len(args) == 0 {
		return Plan{}, &Error{"no command", "muster run -- COMMAND [ARGS...]"}
	}
	r := &resolver{World: w}
	f, err := r.command(command{words: lits(args)})
	if err == nil && f.refuse == "" {
		err = r.watchInOptions(args)
	}
	switch {
	case err != nil:
		return Plan{}, err
	case f.refuse != "":
		return Plan{}, &Error{f.refuse, r.line(f)}
	case f.same:
		return Plan{Args: args}, nil
	}
	p := Plan{Note: f.noteText()}
	if r.inPackage {
		p.Path = filepath.Join(w.Dir, "node_modules", ".bin")
		p.Env = r.packageEnv()
	}
	for _, s := range f.steps {
		p.Steps = append(p.Steps, s.step())
	}
	if env, direct, ok := f.direct(); ok && !r.inPackage {
		p.Args, p.Env = direct, env
		return p, nil
	}
	p.Args = []string{"sh", "-c", f.shell()}
	return p, nil
}

// resolver follows one command.
type resolver struct {
	World
	pkg       *packageJSON
	scripts   []string // scripts of package.json that are being followed
	inPackage bool     // a script of package.json is run: node_modules/.bin is in PATH
	depth     int      // how deep launchers and shells are nested
	byHand    bool     // within a script the user typed: sh -c
}

// found is what is left of a command without its launchers.
type found struct {
	pre    []stmt    // what each worker's shell does before it
	cmd    command   // the program
	pipe   []command // where its output goes: | ...
	raw    string    // a script that is run as it is; the fields above are empty then
	steps  []step
	notes  []string
	flags  string // of muster run, for the line to use
	above  string // what stands before muster in that line
	refuse string // why the command is refused: line is what to use
	same   bool   // nothing was changed
	node   bool   // it is a Node program, as far as can be seen
}

// stmt is a statement of a shell, and the separator after it.
type stmt struct {
	text, sep string
	sets      []word // the statement is only `export` of these
	holds     bool   // the shell must not be replaced after it
}

func exports(sets []word) stmt { return stmt{text: "export " + texts(sets), sep: "&&", sets: sets} }

// step is a Step before it is put together.
type step struct {
	pre         []stmt
	script      string
	sep         string   // what stands between the step and the program; "" = the step is a script of its own
	shell, args []string // what runs it, and the script's arguments; nil = sh -c
}

// step is s as it is run.
func (s *step) step() Step {
	out := Step{What: s.script}
	text := preText(s.pre) + s.script
	if s.sep != "" {
		out.Mark = freeDescriptor(text)
		text += preText([]stmt{{sep: s.sep}}) + fmt.Sprintf("command echo $? >&%d", out.Mark)
	}
	shell := s.shell
	if shell == nil {
		shell = []string{"sh", "-c"}
	}
	out.Args = slices.Concat(shell, []string{text}, s.args)
	return out
}

// freeDescriptor is a descriptor that a script does not use. A shell knows only
// numbers of one digit.
func freeDescriptor(script string) int {
	for n := 9; n > 3; n-- {
		d := strconv.Itoa(n)
		if !strings.Contains(script, d+">") && !strings.Contains(script, d+"<") && !strings.Contains(script, "&"+d) {
			return n
		}
	}
	return 9
}

// before puts statements before everything f runs.
func (f *found) before(pre ...stmt) {
	f.same = false
	if f.raw != "" {
		f.raw = preText(pre) + f.raw
	} else {
		f.pre = append(append([]stmt{}, pre...), f.pre...)
	}
	for i := range f.steps {
		f.steps[i].pre = append(append([]stmt{}, pre...), f.steps[i].pre...)
	}
}

// simple tells that f is only a program with its arguments and variables.
func (f *found) simple() bool {
	return f.raw == "" && len(f.pre) == 0 && len(f.pipe) == 0 && len(f.cmd.words) > 0
}

func preText(pre []stmt) string {
	var b strings.Builder
	for _, s := range pre {
		b.WriteString(s.text)
		if s.sep == "&&" || s.sep == "||" {
			b.WriteByte(' ')
		}
		b.WriteString(s.sep + " ")
	}
	return b.String()
}

// noChannel is for commands beside the program: a second Node program on the
// channel would read the first one's messages.
const noChannel = "unset NODE_CHANNEL_FD NODE_UNIQUE_ID NODE_CHANNEL_SERIALIZATION_MODE; "

// shell is f as a script. The shell is replaced by the program where it can be,
// so that signals reach it and its exit is the worker's.
func (f *found) shell() string {
	if f.raw != "" {
		return f.raw
	}
	if len(f.pipe) > 0 {
		first := f.cmd.text(false)
		if len(f.pre) > 0 {
			first = preText(f.pre) + first
		}
		var b strings.Builder
		b.WriteString(first)
		for _, c := range f.pipe {
			b.WriteString(" | (" + noChannel + c.src + ") 3<&-")
		}
		return b.String()
	}
	return preText(f.pre) + f.cmd.text(!slices.ContainsFunc(f.pre, func(s stmt) bool { return s.holds }))
}

// text is the command as written in a script, with exec where exec makes sense.
func (c *command) text(replace bool) string {
	var parts []string
	if len(c.assigns) > 0 {
		parts = append(parts, texts(c.assigns))
	}
	if replace && len(c.words) > 0 {
		switch name := c.words[0].val; {
		case name == "exec" || name == "time" || name == "command" || isBuiltin(name):
		default:
			parts = append(parts, "exec")
		}
	}
	if len(c.words) > 0 {
		parts = append(parts, texts(c.words))
	}
	return strings.Join(parts, " ") + c.redirs
}

// direct is f run without a shell, if it needs none.
func (f *found) direct() (env, args []string, ok bool) {
	if f.raw != "" || len(f.pipe) > 0 || f.cmd.redirs != "" {
		return nil, nil, false
	}
	for _, s := range f.pre {
		sets, fixed := vals(s.sets)
		if len(sets) == 0 || !fixed {
			return nil, nil, false
		}
		env = append(env, sets...)
	}
	sets, fixed := vals(f.cmd.assigns)
	if args, ok = vals(f.cmd.words); !ok || !fixed || len(args) == 0 {
		return nil, nil, false
	}
	env = append(env, sets...)
	for _, kv := range env {
		if strings.HasPrefix(kv, "PATH=") {
			return nil, nil, false // sh must look for the program in this PATH
		}
	}
	return env, args, true
}

// noteText says how the command was changed.
func (f *found) noteText() string {
	notes := f.notes
	for _, s := range f.steps {
		notes = append(notes[:len(notes):len(notes)], "run once, before the workers: "+s.script)
	}
	return strings.Join(notes, "; ")
}

// line is what to type for f.
func (r *resolver) line(f found) string {
	var b strings.Builder
	for _, s := range f.steps {
		script := preText(s.pre) + s.script
		switch {
		case !plainTools(script):
			script = "npm exec -c " + quote(script) // npm exec has node_modules/.bin in PATH
		case mayEnd(script):
			script = "sh -c " + quote(script) // not the shell it is typed in
		}
		b.WriteString(script + " && ")
	}
	b.WriteString(f.above + "muster run " + f.flags + "-- ")
	if len(f.cmd.words) > 0 {
		f.cmd.words = append([]word{r.fromPackage(f.cmd.words[0])}, f.cmd.words[1:]...)
	}
	sets := f.cmd.assigns
	for i := len(f.pre) - 1; i >= 0; i-- {
		if len(f.pre[i].sets) == 0 || f.pre[i].sep != "&&" {
			return b.String() + "sh -c " + quote(f.shell())
		}
		sets = append(f.pre[i].sets[:len(f.pre[i].sets):len(f.pre[i].sets)], sets...)
	}
	if f.raw != "" || len(f.pipe) > 0 || f.cmd.redirs != "" {
		return b.String() + "sh -c " + quote(f.shell())
	}
	if len(sets) > 0 {
		b.WriteString("env " + texts(sets) + " ")
	}
	return b.String() + texts(f.cmd.words)
}

// plainTools tells whether a script runs without node_modules/.bin in PATH.
func plainTools(script string) bool {
	els, err := parseScript(script)
	if err != nil {
		return false
	}
	for _, e := range els {
		for _, c := range e.commands {
			switch name := filepath.Base(c.name()); name {
			case "npm", "npx", "node", "yarn", "pnpm", "mkdir", "rm", "cp", "mv", "sleep":
			default:
				if len(c.words) > 0 && !isBuiltin(name) && !strings.Contains(c.name(), "/") {
					return false
				}
			}
		}
	}
	return true
}

// mayEnd tells whether a script may end before its last command.
func mayEnd(script string) bool {
	els, err := parseScript(script)
	return err != nil || slices.ContainsFunc(els, func(e element) bool { k := kindOf(e); return k.exits })
}

// fromPackage is the path of a program in node_modules/.bin, as it must be
// typed outside of a script.
func (r *resolver) fromPackage(w word) word {
	if !r.inPackage || !w.fixed || strings.Contains(w.val, "/") {
		return w
	}
	path := "node_modules/.bin/" + w.val
	if _, err := r.Read(filepath.Join(r.Dir, path)); err != nil {
		return w
	}
	return lit(path)
}

// watchInOptions refuses NODE_OPTIONS with which every node would launch itself
// again.
func (r *resolver) watchInOptions(args []string) error {
	if r.Getenv == nil {
		return nil
	}
	for o := range strings.FieldsSeq(r.Getenv("NODE_OPTIONS")) {
		if name, _, _ := strings.Cut(o, "="); name == "--watch" || name == "--watch-path" {
			var rest []string
			for o := range strings.FieldsSeq(r.Getenv("NODE_OPTIONS")) {
				if !strings.HasPrefix(o, "--watch") {
					rest = append(rest, o)
				}
			}
			return &Error{watchProblem(name + " in NODE_OPTIONS"), "NODE_OPTIONS=" + quote(strings.Join(rest, " ")) + " muster run -- " + quoteAll(args)}
		}
	}
	return nil
}

// read is a file below the working directory; "" if there is none.
func (r *resolver) read(name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.Dir, name)
	}
	b, err := r.Read(name)
	if err != nil {
		return ""
	}
	return string(b)
}

// unsupported refuses a launcher; instead is the program it would start.
func unsupported(name string, instead found) found {
	if instead.refuse == "" {
		instead.refuse = name + " takes the workers' channel for itself, so the program below it is no worker"
	}
	instead.same = false
	return instead
}

// placeholder stands for words only the user knows.
func placeholder(args []word) []word {
	if len(args) == 0 {
		return []word{lit("SCRIPT")}
	}
	return args
}

// wrongScript adds to a refusal or an error which script it is about.
func wrongScript(name, line string, err error) error {
	text := fmt.Sprintf("script %q of package.json is `%s`: ", name, line)
	if e := (*Error)(nil); errors.As(err, &e) {
		return &Error{text + e.Problem, e.Instead}
	}
	return fmt.Errorf("%s%w", text, err)
}

// exists tells whether there is a file.
func (r *resolver) exists(name string) bool {
	_, err := r.Read(filepath.Join(r.Dir, name))
	return err == nil || !errors.Is(err, os.ErrNotExist)
}
