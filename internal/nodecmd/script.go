package nodecmd

import (
	"path"
	"strings"
)

// What the shell does itself. keeps: it changes what comes after it, so each
// worker must do it. reads: it brings in what is not seen here, for example a
// function.
var (
	keeps = words("cd export set unset ulimit umask . source eval alias readonly shift trap hash read getopts shopt declare typeset let pushd popd")
	other = words("echo printf test [ true false : exit wait pwd kill type command return break continue local times")
	reads = words(". source eval")
)

func words(s string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

func isBuiltin(name string) bool { return keeps[name] || other[name] }

// kind is what an element of a script does.
type kind struct {
	external bool // starts a program
	keeps    bool // changes the shell for later commands
	exits    bool // may end the script
	holds    bool // the shell is needed to the end: a trap, a function
	reads    bool // brings in commands that are not seen
}

func (k kind) and(o kind) kind {
	return kind{k.external || o.external, k.keeps || o.keeps, k.exits || o.exits, k.holds || o.holds, k.reads || o.reads}
}

func kindOf(e element) (k kind) {
	if e.defines {
		return kind{keeps: true, holds: true}
	}
	for _, c := range e.commands {
		name := c.name()
		switch {
		case len(c.words) == 0 || keeps[name] || name == "exec" && len(c.words) == 1:
			if c.sub {
				continue
			}
			k.keeps = true
			k.holds = k.holds || name == "trap" || name == "alias"
			k.reads = k.reads || reads[name]
		case name == "exit":
			k.exits = true
		case !other[name]:
			k.external = true
		}
	}
	return k
}

// list is elements joined by && and ||: an and-or list of the shell.
type list struct {
	els  []element
	kind kind // of all elements together
	ors  bool
	torn bool // an element starts a program and changes the shell
}

func lists(els []element) (out []list) {
	var l list
	for i, e := range els {
		k := kindOf(e)
		l.els = append(l.els, e)
		l.kind = l.kind.and(k)
		l.ors = l.ors || e.sep == "||"
		l.torn = l.torn || k.external && k.keeps
		if e.sep != "&&" && e.sep != "||" || i == len(els)-1 {
			out = append(out, l)
			l = list{}
		}
	}
	return out
}

// script follows a script of a shell: its last command is the program, and the
// commands before it run once if they do more than set something.
func (r *resolver) script(text string) (found, error) {
	els, err := parseScript(text)
	if err != nil {
		return r.unread(text), nil
	}
	if len(els) == 0 {
		return found{raw: text, same: true}, nil
	}
	before, last := els[:len(els)-1], els[len(els)-1]
	followed := !last.nested && last.sep != "&" && len(last.commands) > 0
	for i, e := range before {
		if e.sep == "&" || e.sep == "||" && i == len(before)-1 {
			followed = false
		}
	}
	if !followed {
		return r.opaque(text, els)
	}
	c := last.commands[0]
	if len(c.words) == 0 || isBuiltin(c.name()) && c.name() != "command" {
		return r.opaque(text, els)
	}
	f, err := r.command(c)
	if err == nil && f.same && !f.node && !strings.Contains(c.name(), "/") {
		for _, e := range before { // the last command may be such a function, which is no program
			if k := kindOf(e); e.defines || k.reads {
				return r.opaque(text, els)
			}
		}
	}
	if err != nil {
		return f, err
	}
	if len(last.commands) > 1 {
		if !f.node && f.same { // the program may be another of the commands
			return r.opaque(text, els)
		}
		if f.raw != "" || len(f.pipe) > 0 {
			f = found{cmd: command{words: []word{lit("sh"), lit("-c"), lit(f.shell())}}, steps: f.steps, notes: f.notes, refuse: f.refuse, flags: f.flags, node: f.node}
		}
		f.pipe, f.same = last.commands[1:], false
	}
	return r.prepared(text, before, f)
}

// prepared is f with what its script does before it.
func (r *resolver) prepared(text string, before []element, f found) (found, error) {
	if len(before) == 0 {
		return f, nil
	}
	var all kind
	torn := false // a change of the shell depends on a program
	parts := lists(before)
	for _, l := range parts {
		all = all.and(l.kind)
		torn = torn || l.torn || l.ors && l.kind.keeps && l.kind.external
	}
	var pre []stmt
	// A check that may end the script runs once, unless it changes the shell
	// too: cd DIR || exit.
	if !all.external && (!all.exits || all.keeps) {
		for _, e := range before {
			pre = append(pre, stmtOf(e))
		}
		same := f.same
		f.before(pre...)
		f.same = same
		return f, nil
	}
	sep := before[len(before)-1].sep
	if all.external && !f.node && f.refuse == "" && f.same || torn {
		// The command may never end: it may be the program itself that comes
		// first.
		if name := r.launcherAmong(before); name == "" && f.same && !(torn && f.node) {
			return found{raw: text, same: true}, nil
		}
		f.steps = append([]step{{script: joined(before), sep: sep}}, f.steps...)
		if f.refuse == "" {
			f.refuse = "`" + joined(before) + "` would run in every worker"
		}
		f.same = false
		return f, nil
	}
	for _, l := range parts {
		for _, e := range l.els {
			// A list without a program is kept as it is: it may be a condition.
			if l.kind.keeps && !l.kind.external || kindOf(e).keeps {
				pre = append(pre, stmtOf(e))
			}
		}
	}
	f.before(pre...)
	f.steps = append([]step{{script: joined(before), sep: sep}}, f.steps...)
	return f, nil
}

func stmtOf(e element) stmt { return stmt{text: e.src, sep: e.sep, holds: kindOf(e).holds} }

// joined is the elements as one script.
func joined(els []element) string {
	var b strings.Builder
	for i, e := range els {
		b.WriteString(e.src)
		switch {
		case i == len(els)-1:
		case e.sep == ";":
			b.WriteString("; ")
		default:
			b.WriteString(" " + e.sep + " ")
		}
	}
	return b.String()
}

// opaque handles a script that is not followed: it runs as it is if it contains
// no launcher.
func (r *resolver) opaque(text string, els []element) (found, error) {
	name := r.launcherAmong(els)
	if name == "" {
		return found{raw: text, same: true}, nil
	}
	// The line to use has the last of the script's programs.
	best := found{cmd: command{words: lits([]string{"node", "SCRIPT"})}}
	for _, e := range els {
		for _, c := range e.commands {
			if len(c.words) == 0 || isBuiltin(c.name()) {
				continue
			}
			if f, err := r.command(c); err == nil && (f.node || !f.same) && len(f.steps) == 0 {
				best = f
			}
		}
	}
	best.refuse = name + " takes the workers' channel for itself, and in a script like this the program below it is not found"
	best.same = false
	return best, nil
}

// launcherAmong is the first launcher in these elements, or "".
func (r *resolver) launcherAmong(els []element) string {
	for _, e := range els {
		for _, c := range e.commands {
			_, rest := wrapped(c.words)
			if name := launcherIn(rest); name != "" {
				return name
			}
		}
	}
	return ""
}

// unread handles a script that cannot be read.
func (r *resolver) unread(text string) found {
	for _, w := range strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n;&|<>()'\"`$={}", c) }) {
		if name := path.Base(w); launchers[name] || strings.HasPrefix(w, "--watch") {
			return found{
				cmd:    command{words: lits([]string{"node", "SCRIPT"})},
				refuse: name + " takes the workers' channel for itself, and in a script like this the program below it is not found",
			}
		}
	}
	return found{raw: text, same: true}
}
