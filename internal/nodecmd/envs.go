package nodecmd

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The rules of cross-env 7 to 10: dist/index.js and dist/variable.js of the
// package. They are compiled when they are first used: workers use none, and each
// would keep their memory.
var (
	crossSetter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\w+)=('(.*)'|"(.*)"|(.*))`) })
	crossEscape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\\\|\\?'|\\[$"\\]`) })
	crossColon  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\*:`) })
	crossRef    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\\*)(?:\$(\w+)|\$\{(\w+)\})`) })
)

// crossSets reads the variables that cross-env is to set, and what it starts.
func crossSets(args []word) (sets, rest []word) {
	for i, w := range args {
		switch {
		case w.fixed && (w.val == "" || w.val == "--"):
			continue
		case w.fixed && crossSetter().MatchString(w.val):
			m := crossSetter().FindStringSubmatch(w.val)
			sets = append(sets, crossSet(m[1], m[3]+m[4]+m[5]))
			continue
		}
		if name, ok := w.assigns(); ok && !w.fixed {
			if _, value, _ := strings.Cut(w.text, "="); !strings.ContainsAny(value, `"'\ `) {
				w.text = name + `="` + value + `"`
			}
			sets = append(sets, w)
			continue
		}
		for _, c := range args[i:] {
			if c.fixed {
				c = lit(crossEscape().ReplaceAllStringFunc(c.val, func(m string) string {
					switch m {
					case `\\`:
						return `\`
					case `\'`:
						return `'`
					case `'`:
						return ""
					}
					return m[1:]
				}))
			}
			rest = append(rest, c)
		}
		return sets, rest
	}
	return sets, nil
}

// crossSet is a variable as cross-env sets it: variables named in the value are
// replaced by their values.
func crossSet(name, value string) word {
	if name == "PATH" || name == "NODE_PATH" {
		value = crossColon().ReplaceAllStringFunc(value, func(m string) string {
			if len(m)%2 == 0 { // an odd number of backslashes before the colon
				return m[1:]
			}
			return m
		})
	}
	out := word{text: name + "=", val: name + "=", fixed: true}
	plain := func(s string) {
		if s != "" {
			out.text += quote(s)
			out.val += s
		}
	}
	from := 0
	for _, m := range crossRef().FindAllStringSubmatchIndex(value, -1) {
		plain(value[from:m[0]])
		slashes := m[3] - m[2]
		if slashes%2 == 1 {
			plain(value[m[3]:m[1]])
		} else {
			plain(value[m[2] : m[2]+slashes/2])
			ref := strings.Trim(value[m[3]:m[1]], "${}")
			out.text += `"$` + ref + `"`
			if m[1] < len(value) {
				out.text = strings.TrimSuffix(out.text, `$`+ref+`"`) + `${` + ref + `}"`
			}
			out.fixed = false
		}
		from = m[1]
	}
	plain(value[from:])
	return out
}

// crossEnv follows cross-env, and takes it out of the command.
func (r *resolver) crossEnv(args []word) (found, error) {
	sets, rest := crossSets(args)
	if len(rest) == 0 {
		return found{}, &Error{"cross-env starts no program", "muster run -- cross-env " + texts(args) + " node SCRIPT"}
	}
	f, err := r.command(command{words: rest})
	if err != nil {
		return f, err
	}
	f.takeOut("cross-env", sets)
	return f, nil
}

// takeOut drops a tool that only sets variables, and keeps the command it
// starts.
func (f *found) takeOut(tool string, sets []word) {
	f.same = false
	sets, watches := withoutWatch(sets)
	if len(sets) > 0 {
		f.before(exports(sets))
	}
	if watches && f.refuse == "" {
		f.refuse = watchProblem("--watch in NODE_OPTIONS")
	}
	f.notes = append([]string{tool + " is taken out, which would keep the channel; its variables are set"}, f.notes...)
}

// crossEnvShell follows cross-env-shell: what it starts is a script of the shell.
func (r *resolver) crossEnvShell(args []word) (found, error) {
	sets, rest := crossSets(args)
	if len(rest) == 0 {
		return found{}, &Error{"cross-env-shell starts no program", "muster run -- cross-env " + texts(args) + " node SCRIPT"}
	}
	ss, ok := vals(rest)
	f := found{cmd: command{words: slices.Concat(lits([]string{"sh", "-c"}), rest)}, refuse: "cross-env-shell gets what to run from a variable, so it cannot be seen what takes the workers' channel"}
	if ok {
		byHand := r.byHand
		r.byHand = true
		var err error
		f, err = r.script(strings.Join(ss, " "))
		r.byHand = byHand
		if err != nil {
			return f, err
		}
	}
	f.takeOut("cross-env-shell", sets)
	return f, nil
}

// envFile follows dotenv-cli, dotenvx and env-cmd, which read variables from
// files. Node can do that itself; where its result would differ, the line to
// use has the tool before muster.
func (r *resolver) envFile(name string, args []word) (found, error) {
	var files []string
	exact := true // node --env-file does the same
	at := 0
	cascade, custom := "-", false
	for ; at < len(args) && strings.HasPrefix(args[at].val, "-"); at++ {
		option, value, joined := strings.Cut(args[at].val, "=")
		if option == "--" {
			at++
			break
		}
		next := func() string {
			if !joined && at+1 < len(args) {
				at++
				value = args[at].val
			}
			return value
		}
		switch {
		case name == "dotenv" && option == "-e", name != "dotenv" && (option == "-f" || option == "--file"):
			files, custom = append(files, next()), true
		case name == "dotenv" && option == "-c":
			cascade = value
			if at+1 < len(args) && !joined && !strings.HasPrefix(args[at+1].val, "-") {
				cascade = next()
			}
		case name == "dotenv" && option == "-q", option == "--silent", option == "--quiet", option == "--no-override" && name == "env-cmd", option == "--no-expand":
		case name == "dotenv" && (option == "-v" || option == "-p"), name == "env-cmd" && (option == "-e" || option == "--environments" || option == "-r" || option == "--rc-file"):
			exact = false
			next()
		default:
			exact = false
		}
	}
	if name == "dotenvx" && at < len(args) && args[at].val == "run" {
		return r.envFile(name, args[at+1:])
	}
	if !custom {
		files = []string{".env"}
	}
	if cascade != "-" {
		var all []string
		for _, f := range files {
			if cascade != "" {
				all = append(all, f+"."+cascade+".local", f+".local", f+"."+cascade, f)
			} else {
				all = append(all, f+".local", f)
			}
		}
		files = all
	}
	rest := args[at:]
	if len(rest) == 0 {
		return unsupported(name, found{cmd: command{words: lits([]string{"node", "--env-file=" + files[0], "SCRIPT"})}}), nil
	}
	f, err := r.command(command{words: rest})
	if err != nil {
		return f, err
	}
	f.same = false
	var have []string
	for _, file := range files {
		text := r.read(file)
		if text != "" {
			have = append(have, file)
		}
		exact = exact && !strings.Contains(text, "$") // these tools expand variables, node does not
	}
	if name == "dotenv" {
		slices.Reverse(have) // the first file counts in these tools, the last one in node
	}
	own := len(f.cmd.words) > 0 && filepath.Base(f.cmd.words[0].val) == "node" && len(f.pipe) == 0
	if exact && own && len(have) > 0 && r.atLeast(20, 6) {
		for _, file := range slices.Backward(have) {
			f.cmd.words = slices.Insert(slices.Clone(f.cmd.words), 1, lit("--env-file="+file))
		}
	} else if len(have) > 0 || !exact {
		tool := "npx " + name
		if bin := "node_modules/.bin/" + name; r.exists(bin) {
			tool = bin // the tool's own file passes signals on, npx does not
		}
		f.above = tool + " " + texts(slices.Concat(args[:at], dashes(args[:at]))) + " "
	}
	return unsupported(name, f), nil
}

// dashes is the "--" that a program needs between its options and the command
// it starts.
func dashes(options []word) []word {
	if n := len(options); n > 0 && options[n-1].val == "--" {
		return nil
	}
	return lits([]string{"--"})
}
