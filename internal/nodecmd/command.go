package nodecmd

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// launchers are programs that start another program and keep the channel from
// it.
var launchers = words(`npm npx yarn yarnpkg pnpm pnpx bun bunx tsx ts-node ts-node-esm ts-node-dev tsnd nodemon node-dev
	pm2 pm2-runtime pm2-docker forever cross-env cross-env-shell dotenv dotenvx env-cmd npm-run-all run-s run-p
	concurrently conc nx turbo lerna`)

// wrappers start another program in their own place.
var wrappers = words("exec command env time nice nohup setsid stdbuf ionice taskset chrt timeout dumb-init tini catchsegv")

// packages are the launchers by the package they come in.
var packages = map[string]string{"dotenv-cli": "dotenv", "@dotenvx": "dotenvx", "npm-run-all2": "npm-run-all"}

// StartsOthers tells whether a program is node, a launcher, a shell or a
// wrapper, so that a -- in its arguments may be meant for it.
func StartsOthers(name string) bool {
	name = path.Base(name)
	return name == "node" || name == "nodejs" || launchers[name] || wrappers[name] || isShell(name)
}

// wrapped splits words into wrappers with their options and the program.
func wrapped(ws []word) (wrap, rest []word) {
	if len(ws) == 0 || !ws[0].fixed || !wrappers[path.Base(ws[0].val)] {
		return nil, ws
	}
	for i := 1; i < len(ws); i++ {
		if w := ws[i]; w.fixed && (path.Base(w.val) == "node" || path.Base(w.val) == "nodejs" || isShell(path.Base(w.val)) || launchers[path.Base(w.val)]) {
			return ws[:i], ws[i:]
		}
	}
	if (ws[0].val == "exec" || ws[0].val == "command") && len(ws) > 1 {
		return ws[:1], ws[1:]
	}
	return nil, ws
}

func isShell(name string) bool {
	return slices.Contains([]string{"sh", "bash", "dash", "ash", "zsh", "ksh"}, name)
}

// launcherIn is the launcher that words start, or "".
func launcherIn(ws []word) string {
	if len(ws) == 0 || !ws[0].fixed {
		return ""
	}
	name := path.Base(ws[0].val)
	switch {
	case launchers[name]:
		return name
	case name != "node" && name != "nodejs":
		return ""
	}
	n := readNode(ws)
	switch {
	case n.watch != "":
		return "node " + n.watch
	case n.run >= 0:
		return "node --run"
	case n.script < len(ws):
		return launcherScript(ws[n.script].val)
	}
	return ""
}

// launcherScript is the launcher that a script's path belongs to:
// node_modules/.bin/tsx, node_modules/tsx/dist/cli.mjs.
func launcherScript(script string) string {
	i := strings.LastIndex(script, "node_modules/")
	if i < 0 {
		return ""
	}
	rest := script[i+len("node_modules/"):]
	name, more, _ := strings.Cut(rest, "/")
	if name == ".bin" {
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(more, ".mjs"), ".cjs"), ".js")
	} else {
		if by := packages[name]; by != "" {
			name = by
		}
		if strings.HasSuffix(name, "npm-run-all") || name == "cross-env" { // several commands
			if b := strings.TrimSuffix(path.Base(more), path.Ext(more)); launchers[b] {
				name = b
			}
		}
	}
	if launchers[name] {
		return name
	}
	return ""
}

// maxDepth bounds how many commands one command leads to: each level copies the
// words below it.
const maxDepth = 100

// command follows a simple command.
func (r *resolver) command(c command) (found, error) {
	r.depth++
	defer func() { r.depth-- }()
	if r.depth > maxDepth {
		return found{}, &Error{fmt.Sprintf("more than %d launchers and shells, one in another", maxDepth), "muster run -- node SCRIPT"}
	}
	wrap, rest := wrapped(c.words)
	f, err := r.program(rest)
	if err != nil {
		return f, err
	}
	var inSets, inWrap bool
	if c.assigns, inSets = withoutWatch(c.assigns); !inSets {
		wrap, inWrap = withoutWatch(wrap)
	}
	if inSets || inWrap {
		f.same = false
		if f.refuse == "" {
			f.refuse = watchProblem("--watch in NODE_OPTIONS")
		}
	}
	if f.same {
		f.cmd = c
		return f, nil
	}
	if len(wrap) > 0 && wrap[0].val == "exec" {
		wrap = wrap[1:]
	}
	if env, fixed := vals(wrap); fixed && len(env) > 0 && path.Base(env[0]) == "env" {
		for i := range f.steps { // its variables are for the steps too
			s := &f.steps[i]
			if s.shell == nil {
				s.shell = []string{"sh", "-c"}
			}
			s.shell = slices.Concat(env, s.shell)
		}
	}
	if len(wrap) > 0 {
		if !f.simple() || len(f.cmd.assigns) > 0 {
			f.cmd = command{words: []word{lit("sh"), lit("-c"), lit(f.shell())}}
			f.pre, f.pipe, f.raw = nil, nil, ""
		}
		f.cmd.words = slices.Concat(wrap, f.cmd.words)
	}
	if len(c.assigns) > 0 {
		if f.simple() && len(f.steps) == 0 {
			f.cmd.assigns = slices.Concat(c.assigns, f.cmd.assigns)
		} else {
			f.before(exports(c.assigns))
		}
	}
	if c.redirs != "" {
		if f.simple() {
			f.cmd.redirs += c.redirs
		} else {
			f.before(stmt{text: "exec" + c.redirs, sep: "&&"})
		}
	}
	return f, nil
}

// withoutWatch is the variables without a NODE_OPTIONS that makes node watch
// files; false = there is none.
func withoutWatch(sets []word) ([]word, bool) {
	for i, w := range sets {
		value, ok := strings.CutPrefix(w.val, "NODE_OPTIONS=")
		if !ok || !strings.Contains(value, "--watch") {
			continue
		}
		out := slices.Clone(sets)
		options := slices.DeleteFunc(strings.Fields(value), func(o string) bool { return strings.HasPrefix(o, "--watch") })
		if len(options) == 0 {
			return slices.Delete(out, i, i+1), true
		}
		value = strings.Join(options, " ")
		out[i] = word{"NODE_OPTIONS=" + quote(value), "NODE_OPTIONS=" + value, w.fixed}
		if !w.fixed {
			out[i].text = `NODE_OPTIONS="` + value + `"`
		}
		return out, true
	}
	return sets, false
}

// program follows a program and its arguments.
func (r *resolver) program(ws []word) (found, error) {
	same := found{cmd: command{words: ws}, same: true}
	if len(ws) == 0 {
		return same, nil
	}
	if !ws[0].fixed {
		return r.unknown(ws)
	}
	name, args := path.Base(ws[0].val), ws[1:]
	switch name {
	case "node", "nodejs":
		return r.nodeProgram(ws)
	case "npm":
		return r.npm(args)
	case "npx", "pnpx", "bunx":
		return r.npx(name, args)
	case "yarn", "yarnpkg", "pnpm", "bun":
		return r.yarn(name, args)
	case "cross-env":
		return r.crossEnv(args)
	case "cross-env-shell":
		return r.crossEnvShell(args)
	case "dotenv", "dotenvx", "env-cmd":
		return r.envFile(name, args)
	}
	if isShell(name) {
		return r.shellCommand(ws)
	}
	if launchers[name] {
		return r.runner(name, args)
	}
	same.node = r.isNode(ws[0].val)
	return same, nil
}

// unknown handles a program that is named by a variable.
func (r *resolver) unknown(ws []word) (found, error) {
	same := found{cmd: command{words: ws}, same: true}
	expr := strings.Trim(ws[0].text, `"`)
	name, rest := strings.TrimPrefix(expr, "$"), ""
	if inner, ok := strings.CutPrefix(name, "{"); ok {
		name, rest, _ = strings.Cut(strings.TrimSuffix(inner, "}"), ":-")
	}
	if expr != ws[0].text && !strings.HasPrefix(ws[0].text, `"$`) || !isName(name) {
		name = ""
	}
	value := rest
	if name != "" && r.Getenv != nil && r.Getenv(name) != "" {
		value = r.Getenv(name)
	}
	known := value != "" && !strings.ContainsAny(value, " \t$`")
	if name == "npm_execpath" && !known {
		value, known = "npm", true
	}
	if known {
		f, err := r.program(append([]word{lit(value)}, ws[1:]...))
		if err == nil && f.same {
			f.cmd.words = ws
		}
		return f, err
	}
	if r.byHand {
		return same, nil
	}
	same.same = false
	same.raw = "exec " + texts(ws)
	same.refuse = "it cannot be seen whether " + ws[0].text + " is a launcher, which would keep the workers' channel"
	return same, nil
}

// isNode tells by the beginning of its file whether a program runs in node.
func (r *resolver) isNode(name string) bool {
	if !strings.Contains(name, "/") {
		if !r.inPackage {
			return false
		}
		name = "node_modules/.bin/" + name
	}
	text := r.read(name)
	first, _, _ := strings.Cut(text, "\n")
	if strings.HasPrefix(first, "#!") && strings.Contains(first, "node") {
		return true
	}
	return strings.HasPrefix(first, "#!") && strings.Contains(text, "exec node ") // what pnpm installs
}

// shellCommand follows `sh -c SCRIPT`.
func (r *resolver) shellCommand(ws []word) (found, error) {
	same := found{cmd: command{words: ws}, same: true}
	at := 1
	for at < len(ws) && ws[at].fixed && strings.HasPrefix(ws[at].val, "-") && !strings.HasSuffix(ws[at].val, "c") {
		at++
	}
	if at+1 >= len(ws) || !ws[at].fixed || !strings.HasPrefix(ws[at].val, "-") || strings.HasPrefix(ws[at].val, "--") || !ws[at+1].fixed {
		return same, nil // a script in a file is not followed
	}
	byHand := r.byHand
	r.byHand = true
	f, err := r.script(ws[at+1].val)
	r.byHand = byHand
	switch {
	case err != nil:
		return f, err
	case f.same:
		same.node = f.node
		return same, nil
	case f.refuse != "" || at == 1 && ws[1].val == "-c" && len(ws) == 3 && path.Base(ws[0].val) == "sh":
		return f, nil
	}
	shell, fixed := vals(ws[:at+1])
	args, known := vals(ws[at+2:])
	for i := range f.steps { // a script of package.json has sh already
		if s := &f.steps[i]; s.shell == nil && s.sep != "" {
			if !fixed || !known {
				f.refuse = "`" + s.script + "` would run in every worker"
				return f, nil
			}
			s.shell, s.args = shell, args
		}
	}
	text := f.shell()
	f.pre, f.pipe, f.raw = nil, nil, ""
	f.cmd = command{words: slices.Concat(ws[:at+1], []word{lit(text)}, ws[at+2:])}
	return f, nil
}
