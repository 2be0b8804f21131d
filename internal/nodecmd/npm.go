package nodecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// packageJSON is the part of package.json that is read.
type packageJSON struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Main    string            `json:"main"`
	Scripts map[string]string `json:"scripts"`
	Config  map[string]any    `json:"config"`
}

// load reads package.json. If there is none the error is an *Error.
func (r *resolver) load(label string) error {
	if r.pkg != nil {
		return nil
	}
	file := filepath.Join(r.Dir, "package.json")
	b, err := r.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		problem, instead := label+": there is no package.json in "+r.Dir, "muster run -- node SCRIPT"
		for dir := filepath.Dir(r.Dir); filepath.IsAbs(dir); dir = filepath.Dir(dir) {
			if _, err := r.Read(filepath.Join(dir, "package.json")); err == nil {
				return &Error{problem, "muster run --cwd " + quote(dir) + " -- " + label}
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
		return &Error{problem, instead}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", label, err)
	}
	var pkg packageJSON
	if err := json.Unmarshal(b, &pkg); err != nil {
		return fmt.Errorf("%s: %s: %w", label, file, err)
	}
	r.pkg = &pkg
	return nil
}

// packageEnv is the variables by which npm tells a script of its package
// (https://docs.npmjs.com/cli/using-npm/scripts#environment).
func (r *resolver) packageEnv() []string {
	if r.pkg == nil {
		return nil
	}
	env := []string{"npm_package_json=" + filepath.Join(r.Dir, "package.json")}
	for _, v := range [][2]string{{"name", r.pkg.Name}, {"version", r.pkg.Version}} {
		if v[1] != "" {
			env = append(env, "npm_package_"+v[0]+"="+v[1])
		}
	}
	if len(r.scripts) > 0 {
		env = append(env, "npm_lifecycle_event="+r.scripts[len(r.scripts)-1])
	}
	names := make([]string, 0, len(r.pkg.Config))
	for n := range r.pkg.Config {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		switch v := r.pkg.Config[n].(type) {
		case string, float64, bool:
			env = append(env, fmt.Sprintf("npm_package_config_%s=%v", n, v))
		}
	}
	return slices.DeleteFunc(env, func(kv string) bool { return strings.ContainsRune(kv, 0) })
}

// scriptCall is a script of package.json that is to be run.
type scriptCall struct {
	label string // what was asked for: "npm start"
	name  string
	more  []word // arguments for it
	pre   bool   // the script named "pre"+name runs first
}

// maxScript is how long one argument of a program may be on Linux, with its 0
// byte: MAX_ARG_STRLEN, execve(2).
const maxScript = 128 << 10

// runScript follows a script of package.json.
func (r *resolver) runScript(s scriptCall) (found, error) {
	if err := r.load(s.label); err != nil {
		return found{}, err
	}
	line, ok := r.pkg.Scripts[s.name]
	if !ok && s.name == "start" && r.exists("server.js") {
		line, ok = "node server.js", true // npm's own default
	}
	if !ok {
		return found{}, &Error{fmt.Sprintf("package.json has no script %q%s", s.name, known(r.pkg.Scripts)), ""}
	}
	if slices.Contains(r.scripts, s.name) {
		return found{}, &Error{fmt.Sprintf("the scripts of package.json run each other in a circle: %s", strings.Join(append(r.scripts, s.name), " -> ")), "muster run -- node SCRIPT"}
	}
	if len(line) >= maxScript {
		return found{}, &Error{fmt.Sprintf("script %q of package.json has %d bytes; no shell can be given more than %d", s.name, len(line), maxScript-1), "muster run -- node SCRIPT"}
	}
	if len(s.more) > 0 {
		line += " " + texts(s.more)
	}
	inPackage := r.inPackage
	r.scripts, r.inPackage = append(r.scripts, s.name), true
	byHand := r.byHand
	r.byHand = false
	f, err := r.script(line)
	r.byHand = byHand
	if err != nil {
		return found{}, wrongScript(s.name, line, err)
	}
	f.same = false
	for i := range f.steps {
		if f.steps[i].shell == nil {
			f.steps[i].shell = []string{"sh", "-c"}
		}
	}
	if f.refuse != "" {
		f.refuse = fmt.Sprintf("script %q of package.json is `%s`: %s", s.name, line, f.refuse)
	}
	note := fmt.Sprintf("%s: running the script of package.json without npm, which would keep the channel: %s", s.label, line)
	if inPackage {
		note = s.label + ": " + line
	}
	f.notes = append([]string{note}, f.notes...)
	if pre, ok := r.pkg.Scripts["pre"+s.name]; ok && s.pre && strings.TrimSpace(pre) != "" {
		f.steps = append([]step{{script: pre}}, f.steps...)
	}
	return f, nil
}

// npm follows npm's own command line.
func (r *resolver) npm(args []word) (found, error) {
	ss, ok := vals(args)
	if !ok {
		ss = make([]string, len(args)) // a word that is not known counts only if it is passed on
		for i, w := range args {
			ss[i] = w.val
		}
	}
	pre := true
	at := 0
	for ; at < len(ss) && strings.HasPrefix(ss[at], "-"); at++ {
		switch name, value, joined := strings.Cut(ss[at], "="); name {
		case "--prefix", "-C", "--workspace", "-w":
			if !joined && at+1 < len(ss) {
				value = ss[at+1]
				at++
			}
			if name == "--workspace" || name == "-w" {
				value = "DIRECTORY-OF-" + value
			}
			return found{}, &Error{"npm " + name + " runs a script in another directory", "muster run --cwd " + quote(value) + " -- npm " + texts(args[min(at+1, len(args)):])}
		case "--ignore-scripts":
			pre = false
		}
	}
	rest := args[at:]
	if len(rest) == 0 {
		return found{}, &Error{"npm: which script?", "muster run -- npm start"}
	}
	var name, label string
	switch verb := rest[0].val; verb {
	case "start", "test", "restart", "stop":
		name, label, rest = verb, "npm "+verb, rest[1:]
	case "run", "run-script", "rum", "urn":
		rest = rest[1:]
		for len(rest) > 0 && npmFlags[rest[0].val] {
			pre = pre && rest[0].val != "--ignore-scripts"
			rest = rest[1:]
		}
		if len(rest) == 0 || strings.HasPrefix(rest[0].val, "-") || !rest[0].fixed {
			return found{}, &Error{"npm " + verb + ": which script?", "muster run -- npm start"}
		}
		name, label, rest = rest[0].val, "npm "+rest[0].val, rest[1:]
	case "exec", "x":
		return r.npx("npm "+verb, rest[1:])
	default:
		return found{}, &Error{fmt.Sprintf("npm %s is not a way to start a server here", verb), "muster run -- npm start"}
	}
	return r.runScript(scriptCall{label: label, name: name, more: passedOn(rest, &pre), pre: pre})
}

// npmFlags are npm's own flags, which a script does not get.
var npmFlags = words("-s --silent -q --quiet --if-present --ignore-scripts --foreground-scripts")

// passedOn is the words npm passes on: all after --, or all that are no options
// of npm.
func passedOn(rest []word, pre *bool) []word {
	if i := slices.IndexFunc(rest, func(w word) bool { return w.val == "--" }); i >= 0 {
		for _, w := range rest[:i] {
			*pre = *pre && w.val != "--ignore-scripts"
		}
		return rest[i+1:]
	}
	var out []word
	for _, w := range rest {
		if w.fixed && npmFlags[w.val] {
			*pre = *pre && w.val != "--ignore-scripts"
			continue
		}
		out = append(out, w)
	}
	return out
}

// yarn follows yarn, pnpm and bun, which are refused: they run what npm would
// run, or a program of node_modules/.bin.
func (r *resolver) yarn(name string, args []word) (found, error) {
	for len(args) > 0 && npmFlags[args[0].val] {
		args = args[1:]
	}
	if len(args) == 0 {
		return unsupported(name, found{cmd: command{words: lits([]string{"npm", "start"})}}), nil
	}
	verb, rest, explicit := args[0].val, args[1:], false
	switch verb {
	case "run", "run-script":
		explicit = true
		for len(rest) > 0 && npmFlags[rest[0].val] {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return unsupported(name, found{cmd: command{words: lits([]string{"npm", "start"})}}), nil
		}
		verb, rest = rest[0].val, rest[1:]
	case "exec", "dlx", "x":
		return r.npx(name+" "+verb, rest)
	case "node":
		f, err := r.nodeProgram(args)
		return unsupported(name, f), err
	}
	isScript := false
	if err := r.load(name); err == nil {
		_, isScript = r.pkg.Scripts[verb]
	}
	file := strings.HasSuffix(verb, ".js") || strings.HasSuffix(verb, ".mjs") || strings.HasSuffix(verb, ".ts")
	switch {
	case !isScript && (file || strings.HasPrefix(verb, "-")): // bun app.js
		f, err := r.nodeProgram(slices.Concat(lits([]string{"node", verb}), rest))
		return unsupported(name, f), err
	case !isScript && !explicit && r.exists(path.Join("node_modules/.bin", verb)):
		return r.npx(name, args)
	case isScript:
		// If what npm would run cannot work either, the refusal is about that.
		if f, err := r.runScript(scriptCall{label: name + " " + verb, name: verb, more: withoutDashes(rest), pre: true}); err != nil || f.refuse != "" {
			return f, err
		}
	}
	instead := lits([]string{"npm", "run", verb})
	if rest = withoutDashes(rest); len(rest) > 0 {
		instead = slices.Concat(instead, lits([]string{"--"}), rest)
	}
	return unsupported(name, found{cmd: command{words: instead}}), nil
}

func withoutDashes(ws []word) []word {
	if len(ws) > 0 && ws[0].val == "--" {
		return ws[1:]
	}
	return ws
}

// npx follows npx, npm exec and the like: node runs the program they would have
// run.
func (r *resolver) npx(name string, args []word) (found, error) {
	at, from := 0, ""
	for ; at < len(args) && strings.HasPrefix(args[at].val, "-"); at++ {
		if args[at].val == "--" {
			at++
			break
		}
		switch option, value, joined := strings.Cut(args[at].val, "="); option {
		case "-p", "--package":
			if !joined && at+1 < len(args) {
				at++
				value = args[at].val
			}
			from = value
		case "-c", "--call":
			if at+1 >= len(args) || !args[at+1].fixed {
				break
			}
			r.inPackage = true
			f, err := r.script(args[at+1].val)
			return unsupported(name, f), err
		}
	}
	if at >= len(args) || !args[at].fixed {
		return unsupported(name, found{cmd: command{words: lits([]string{"node", "SCRIPT"})}}), nil
	}
	program, rest := args[at].val, args[at+1:]
	bin := program
	if i := strings.LastIndexByte(bin, '@'); i > 0 {
		bin = bin[:i]
	}
	if bin = path.Base(bin); launchers[bin] {
		f, err := r.program(slices.Concat(lits([]string{bin}), rest))
		f.same = false
		return f, err
	}
	if from == "" {
		from = program
	}
	file := path.Join("node_modules/.bin", bin)
	f := found{node: true}
	text := r.read(file)
	if text == "" {
		f.steps = []step{{script: "npm install " + quote(from)}}
	}
	words := []string{"node", file}
	if first, _, _ := strings.Cut(text, "\n"); strings.HasPrefix(first, "#!") && !strings.Contains(first, "node") {
		words = []string{file} // a script of the shell, as pnpm installs them
	}
	f.cmd.words = slices.Concat(lits(words), rest)
	return unsupported(name, f), nil
}

// installed tells whether a package is found from the working directory.
func (r *resolver) installed(name string) bool {
	for dir := r.Dir; ; dir = filepath.Dir(dir) {
		if _, err := r.Read(filepath.Join(dir, "node_modules", name, "package.json")); err == nil {
			return true
		}
		if dir == filepath.Dir(dir) || !filepath.IsAbs(dir) {
			return false
		}
	}
}

func known(scripts map[string]string) string {
	if len(scripts) == 0 {
		return ""
	}
	names := make([]string, 0, len(scripts))
	for n := range scripts {
		names = append(names, n)
	}
	sort.Strings(names)
	if len(names) > 8 {
		names = append(names[:8], "...")
	}
	return "; it has: " + strings.Join(names, ", ")
}
