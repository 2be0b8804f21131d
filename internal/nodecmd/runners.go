package nodecmd

import (
	"path"
	"slices"
	"strings"
)

// runner follows launchers that are refused: the line to use runs what they
// would start.
func (r *resolver) runner(name string, args []word) (found, error) {
	switch name {
	case "tsx":
		return r.tsx(args)
	case "ts-node", "ts-node-esm", "ts-node-dev", "tsnd":
		return r.tsNode(name, args)
	case "nodemon", "node-dev":
		return r.nodemon(name, args)
	case "pm2", "pm2-runtime", "pm2-docker", "forever":
		return r.pm2(name, args)
	case "npm-run-all", "run-s", "run-p":
		return r.runAll(name, args)
	case "concurrently", "conc":
		return r.concurrently(name, args)
	}
	return unsupported(name, found{cmd: command{words: lits([]string{"node", "SCRIPT"})}}), nil
}

// options splits args into options and the rest. takes are the options whose
// value may be the next word. options calls see for each option, and keeps
// those for which it returns true.
func options(args []word, takes map[string]bool, see func(name, value string) bool) (kept, rest []word) {
	for i := 0; i < len(args); i++ {
		w := args[i]
		if !w.fixed || !strings.HasPrefix(w.val, "-") || w.val == "-" {
			return kept, args[i:]
		}
		if w.val == "--" {
			return kept, args[i+1:]
		}
		name, value, joined := strings.Cut(w.val, "=")
		n := 1
		if takes[name] && !joined && i+1 < len(args) {
			value, n = args[i+1].val, 2
		}
		if see(name, value) {
			kept = append(kept, args[i:i+n]...)
		}
		i += n - 1
	}
	return kept, nil
}

// byNode is node with options and a script; pkg is the package these options
// need.
func (r *resolver) byNode(name, pkg string, flags []string, rest []word, sets ...word) (found, error) {
	f, err := r.nodeProgram(slices.Concat(lits([]string{"node"}), lits(flags), placeholder(rest)))
	if err != nil {
		return f, err
	}
	if pkg != "" && !r.installed(pkg) {
		f.steps = append(f.steps, step{script: "npm install " + pkg})
	}
	f.cmd.assigns = sets
	f.refuse = "" // the refusal must be about the launcher
	return unsupported(name, f), nil
}

func (r *resolver) tsx(args []word) (found, error) {
	if len(args) > 0 && args[0].val == "watch" {
		args = args[1:]
	}
	var sets []word
	takes := words("--tsconfig --include --exclude --ignore")
	for n := range nodeValues {
		takes[n] = true
	}
	kept, rest := options(args, takes, func(name, value string) bool {
		switch name {
		case "--tsconfig":
			sets = append(sets, word{"TSX_TSCONFIG_PATH=" + quote(value), "TSX_TSCONFIG_PATH=" + value, true})
			return false
		case "--include", "--exclude", "--ignore", "--clear-screen", "--no-cache":
			return false
		}
		return true
	})
	flag := "--import"
	if !r.atLeast(20, 6) && (!r.atLeast(18, 19) || r.atLeast(19, 0)) {
		flag = "--loader"
	}
	return r.byNode("tsx", "tsx", []string{flag, "tsx"}, slices.Concat(kept, placeholder(rest)), sets...)
}

func (r *resolver) tsNode(name string, args []word) (found, error) {
	var sets []word
	set := func(name, value string) {
		sets = append(sets, word{name + "=" + quote(value), name + "=" + value, true})
	}
	esm := name == "ts-node-esm"
	takes := words("-P --project -r --require -O --compiler-options -C --compiler -I --ignore --watch --debounce --interval --cwd")
	kept, rest := options(args, takes, func(name, value string) bool {
		switch name {
		case "-T", "--transpile-only", "--transpileOnly":
			set("TS_NODE_TRANSPILE_ONLY", "true")
		case "-P", "--project":
			set("TS_NODE_PROJECT", value)
		case "-O", "--compiler-options":
			set("TS_NODE_COMPILER_OPTIONS", value)
		case "--files":
			set("TS_NODE_FILES", "true")
		case "--swc":
			set("TS_NODE_SWC", "true")
		case "--esm":
			esm = true
		case "-r", "--require":
			return true
		default:
			return strings.HasPrefix(name, "--inspect")
		}
		return false
	})
	flags := []string{"--require", "ts-node/register"}
	if esm {
		flags = []string{"--loader", "ts-node/esm"}
	}
	return r.byNode(name, "ts-node", flags, slices.Concat(kept, placeholder(rest)), sets...)
}

func (r *resolver) nodemon(name string, args []word) (found, error) {
	exec := ""
	takes := words("-w --watch -e --ext -i --ignore -d --delay -s --signal -x --exec -C --config --cwd -I")
	kept, rest := options(args, takes, func(name, value string) bool {
		switch {
		case name == "-x" || name == "--exec":
			exec = value
		case takes[name]:
		default:
			return strings.HasPrefix(name, "--inspect") || strings.HasPrefix(name, "--max") || strings.HasPrefix(name, "--import")
		}
		return false
	})
	if len(rest) == 0 && exec == "" && r.load(name) == nil && r.pkg.Main != "" {
		rest = lits([]string{r.pkg.Main})
	}
	if exec == "" {
		return r.byNode(name, "", nil, slices.Concat(kept, placeholder(rest)))
	}
	f, err := r.script(strings.TrimSpace(exec + " " + texts(rest)))
	f.refuse = ""
	return unsupported(name, f), err
}

func (r *resolver) pm2(name string, args []word) (found, error) {
	if len(args) > 0 && (args[0].val == "start" || args[0].val == "restart" || args[0].val == "reload") {
		args = args[1:]
	}
	var flags []string
	var node []word
	takes := words("-n --name -i --instances -l --log -o --output -e --error -p --pid --max-memory-restart --env --node-args --interpreter --cwd -c --cron --ignore-watch --kill-timeout --restart-delay --log-date-format --exp-backoff-restart-delay --namespace --secret --public --web")
	see := func(name, value string) bool {
		switch name {
		case "-i", "--instances":
			if value != "" && value != "0" && strings.Trim(value, "0123456789") == "" {
				flags = []string{"--workers", value}
			}
		case "--cwd":
			flags = append(flags, "--cwd", quote(value))
		case "--node-args":
			node = lits(strings.Fields(value))
		}
		return false
	}
	_, rest := options(args, takes, see)
	var more []word
	if len(rest) > 1 { // options may follow the script; the script's arguments come after --
		if i := slices.IndexFunc(rest, func(w word) bool { return w.val == "--" }); i > 0 {
			more = rest[i+1:]
			_, _ = options(rest[1:i], takes, see)
			rest = rest[:1]
		} else {
			_, _ = options(rest[1:], takes, see)
			rest = rest[:1]
		}
	}
	var f found
	var err error
	switch script := placeholder(rest)[0].val; {
	case script == "npm" || script == "yarn" || script == "pnpm":
		f, err = r.program(slices.Concat(lits([]string{"npm"}), more))
		if err == nil && f.refuse == "" {
			f = found{cmd: command{words: slices.Concat(lits([]string{"npm"}), more)}}
		}
	case strings.HasSuffix(script, ".config.js"), strings.HasSuffix(script, ".config.cjs"), strings.HasSuffix(script, ".json"), strings.HasSuffix(script, ".yml"), strings.HasSuffix(script, ".yaml"):
		f, err = r.byNode(name, "", nil, nil) // that file names the script
	default:
		f, err = r.byNode(name, "", nil, slices.Concat(node, placeholder(rest), more))
	}
	f.refuse = ""
	if len(flags) > 0 {
		f.flags = strings.Join(flags, " ") + " "
	}
	return unsupported(name, f), err
}

// runAll follows npm-run-all. Of scripts that run one after another the last is
// the program, and the ones before it run once; of several at once none is the
// program.
func (r *resolver) runAll(name string, args []word) (found, error) {
	parallel := name == "run-p"
	var scripts []word
	for _, w := range args {
		switch {
		case w.val == "-p" || w.val == "--parallel":
			parallel = true
		case !strings.HasPrefix(w.val, "-"):
			scripts = append(scripts, w)
		}
	}
	if len(scripts) == 0 {
		return unsupported(name, found{cmd: command{words: lits([]string{"npm", "start"})}}), nil
	}
	if parallel {
		return r.oneOf(name, len(scripts), func(i int) string { return "npm run " + scripts[i].text })
	}
	last := scripts[len(scripts)-1]
	if !last.fixed || strings.ContainsAny(last.val, "*:{ ") && r.pkg != nil && r.pkg.Scripts[last.val] == "" {
		return unsupported(name, found{cmd: command{words: lits([]string{"node", "SCRIPT"})}}), nil
	}
	f, err := r.runScript(scriptCall{label: "npm " + last.val, name: last.val, pre: true})
	if err != nil || len(scripts) == 1 {
		return f, err
	}
	tool := name
	if tool == "npm-run-all" {
		tool = "npm-run-all -s"
	}
	f.steps = append([]step{{script: tool + " " + texts(scripts[:len(scripts)-1])}}, f.steps...)
	return f, nil
}

func (r *resolver) concurrently(name string, args []word) (found, error) {
	takes := words("-n --names -c --prefix-colors -p --prefix -s --success -m --max-processes -l --prefix-length -t --timestamp-format --restart-tries --restart-after --default-input-target --name-separator --hide --kill-signal")
	var all []string
	for len(args) > 0 {
		var rest []word
		if _, rest = options(args, takes, func(string, string) bool { return false }); len(rest) == 0 {
			break
		}
		all, args = append(all, rest[0].val), rest[1:]
	}
	return r.oneOf(name, len(all), func(i int) string {
		if script, ok := strings.CutPrefix(all[i], "npm:"); ok {
			return "npm run " + script
		}
		return all[i]
	})
}

// oneOf refuses several programs at once: the line to use has the last program
// among them that workers can run.
func (r *resolver) oneOf(name string, n int, script func(int) string) (found, error) {
	best := found{cmd: command{words: lits([]string{"node", "SCRIPT"})}}
	for i := range n {
		scripts, inPackage := r.scripts, r.inPackage
		f, err := r.script(script(i))
		r.scripts, r.inPackage = scripts, inPackage
		if err != nil || !f.node {
			continue
		}
		if byNode := len(f.cmd.words) > 0 && path.Base(f.cmd.words[0].val) == "node"; byNode || !best.node {
			best = f
		}
	}
	best.refuse = name + " starts several programs, and takes the workers' channel for itself"
	best.same = false
	return best, nil
}
