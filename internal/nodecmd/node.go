package nodecmd

import (
	"slices"
	"strings"
)

// nodeValues are options of node whose value may be the next word.
var nodeValues = words(`-r --require --import --loader --experimental-loader -C --conditions --env-file --env-file-if-exists
	--title --icu-data-dir --input-type --watch-path --watch-kill-signal --run -e --eval -p --print --redirect-warnings
	--openssl-config --max-http-header-size --dns-result-order --disable-warning --diagnostic-dir --stack-trace-limit
	--inspect-port --experimental-config-file --secure-heap --trace-event-categories --unhandled-rejections`)

// nodeArgs is a command line of node.
type nodeArgs struct {
	watch  string // the option that makes it watch files; "" = none
	run    int    // index of the script of --run; -1 = none
	script int    // index of the program; the number of words if there is none
	plain  []word // the words without the options for watching
}

// readNode reads a command line of node. It does not look at the program and
// its arguments.
func readNode(ws []word) nodeArgs {
	n := nodeArgs{run: -1, script: len(ws), plain: ws[:1:1]}
	for i := 1; i < len(ws); i++ {
		w := ws[i]
		if w.fixed && (!strings.HasPrefix(w.val, "-") || w.val == "-" || w.val == "--") {
			if w.val == "--" && i+1 < len(ws) && n.run < 0 {
				n.plain = append(n.plain, w)
				i++
			}
			if n.run < 0 {
				n.script = i
			}
			n.plain = append(n.plain, ws[i:]...)
			return n
		}
		if !w.fixed && !strings.HasPrefix(w.text, "-") && !strings.HasPrefix(w.text, "$") {
			n.script = i
			n.plain = append(n.plain, ws[i:]...)
			return n
		}
		name, _, joined := strings.Cut(w.val, "=")
		takes := w.fixed && nodeValues[name] && !joined && i+1 < len(ws)
		switch name {
		case "--watch", "--watch-path":
			if n.watch == "" {
				n.watch = name
			}
		case "--watch-preserve-output", "--watch-kill-signal":
		case "--run":
			n.run = i
			if takes {
				n.run = i + 1
			}
			n.plain = append(n.plain, ws[i:min(n.run+1, len(ws))]...)
			i = n.run
			continue
		default:
			n.plain = append(n.plain, w)
			if takes {
				n.plain = append(n.plain, ws[i+1])
			}
		}
		if takes {
			i++
		}
	}
	return n
}

func watchProblem(option string) string {
	return option + ": the process that watches keeps the workers' channel, so the program it starts is no worker"
}

// nodeProgram follows node.
func (r *resolver) nodeProgram(ws []word) (found, error) {
	same := found{cmd: command{words: ws}, same: true, node: true}
	n := readNode(ws)
	switch {
	case n.watch != "":
		f, err := r.nodeProgram(n.plain)
		if f.refuse == "" {
			f.refuse = watchProblem("node " + n.watch)
		}
		f.same = false
		return f, err
	case n.run >= 0:
		more := ws[min(n.run+1, len(ws)):]
		if len(more) > 0 && more[0].val == "--" {
			more = more[1:]
		}
		name := strings.TrimPrefix(ws[n.run].val, "--run=")
		return r.runScript(scriptCall{label: "node --run " + name, name: name, more: more})
	case n.script < len(ws):
		if name := launcherScript(ws[n.script].val); name != "" {
			return r.program(slices.Concat(lits([]string{name}), ws[n.script+1:]))
		}
	}
	return same, nil
}

// atLeast tells whether the node in PATH has at least this version. A node of
// unknown version counts as new.
func (r *resolver) atLeast(major, minor int) bool {
	if r.Node == nil {
		return true
	}
	a, b := r.Node()
	return a == 0 || a > major || a == major && b >= minor
}
