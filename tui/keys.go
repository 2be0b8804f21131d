package tui

import (
	"slices"
	"unicode/utf8"

	"muster/internal/safetext"
)

// action is what a key means. Keys are looked up once, in keyboard.go; all other
// code uses actions.
type action int

const (
	actNone action = iota
	actFork
	actKill
	actDisconnect
	actDisconnectAll
	actRestart
	actPolicy
	actPolicies
	actMessage
	actCopy
	actFilter
	actFreeze
	actTab
	actQuit
	actQuitNow
	actDetails
	actView1
	actView4
	actView5
	actHelp
	actUp
	actDown
	actLeft
	actRight
	actPageUp
	actPageDown
	actHalfDown
	actHome
	actEnd
	actTextUp   // k where there is text only
	actTextDown // j
	actNextHit
	actPrevHit
	actEsc
	actMouse
	actRedraw
	actSuspend
	actExplain
	actTick
	actView3
	actSlow
	actLoad
	actLoadMore
	actLoadLess
	actUnmask
)

// scope says where a key acts.
type scope int

const (
	scopeLook    scope = iota // looking around: works everywhere, also during a stop
	scopeCluster              // acts on the cluster: works in every view
	scopeWorker               // acts on the selected worker: works where its row is seen
)

// place is a hint line that may show a key.
type place uint8

const (
	inMain place = 1 << iota // view 1
	inDetails
	inLog // view 4
)

// Titles of the help's groups, in its order.
const (
	groupCluster = "THE CLUSTER"
	groupWorker  = "THE SELECTED WORKER"
	groupMove    = "MOVE"
	groupLook    = "LOOK"
)

// binding is one row of the table from which the keys, the hint line and the
// help are made.
type binding struct {
	keys  []string // by bubbletea's names; hints name and press the first
	vim   []string // with --keys vim, if different
	act   action
	scope scope

	hint, short string // words of the hint line, and of a narrow hint line
	places      place  // hint lines that show it
	from        int    // width from which the hint line of view 1 has room for it

	group            string // group of the help, "" = not there
	label, vimLabel  string // its keys as the help writes them
	text, note, more string // what the help says; more: what hint lines say in view 4
	brief, vimBrief  string // replaces text, or the label if there is no text, in a narrow help
	fold             string // in a narrow help, neighbours with the same fold share a line, with this text
}

// bindings is in the order of the hint line.
var bindings = []binding{
	{keys: []string{"f"}, act: actFork, scope: scopeCluster, hint: "fork", places: inMain | inLog,
		group: groupCluster, text: "fork one worker"},
	{keys: []string{"k", "f9"}, vim: []string{"K", "f9"}, act: actKill, scope: scopeWorker, hint: "kill", places: inMain | inDetails,
		group: groupWorker, label: "k F9", vimLabel: "K F9", text: "kill: pick a signal", brief: "kill: a signal"},
	{keys: []string{"d"}, act: actDisconnect, scope: scopeWorker, hint: "disconnect", short: "disc.", places: inMain | inDetails,
		group: groupWorker, text: "disconnect"},
	{keys: []string{"D"}, act: actDisconnectAll, scope: scopeCluster, hint: "all", more: "disconnect all", places: inMain | inLog, from: 120,
		group: groupCluster, text: "disconnect all", note: "ask", brief: "disc. all"},
	{keys: []string{"r"}, act: actRestart, scope: scopeWorker, hint: "restart", places: inMain | inDetails,
		group: groupWorker, text: "restart, try again"},
	{keys: []string{"M"}, act: actMessage, scope: scopeWorker, hint: "message", short: "msg", places: inMain | inDetails, from: 100,
		group: groupWorker, text: "message: send one", brief: "message: send"},
	{keys: []string{"p"}, act: actPolicy, scope: scopeCluster, hint: "policy", places: inMain | inLog,
		group: groupCluster, label: "p P", text: "policy: next, list"},
	{keys: []string{"P"}, act: actPolicies, scope: scopeCluster, hint: "policies", places: inMain, from: 200},
	{keys: []string{"l"}, act: actLoad, scope: scopeCluster, hint: "load", places: inMain | inLog,
		group: groupCluster, text: "load: on, off, how", brief: "load: on, off"},
	{keys: []string{"+", "="}, act: actLoadMore, scope: scopeCluster,
		group: groupCluster, label: "+ -", text: "load: more, less"},
	{keys: []string{"-"}, act: actLoadLess, scope: scopeCluster},
	{keys: []string{"x"}, act: actExplain, hint: "why", places: inMain | inDetails | inLog, from: 120,
		group: groupWorker, text: "why? of worker or line", brief: "why? explains"},
	{keys: []string{"c"}, act: actCopy, scope: scopeWorker, hint: "copy pid", short: "copy", places: inMain | inDetails, from: 200,
		group: groupWorker, text: "copy its PID"},
	{keys: []string{"*"}, act: actUnmask,
		group: groupWorker, text: "details: show a value", brief: "show a value"},
	{keys: []string{"/"}, act: actFilter, hint: "filter", places: inMain | inDetails | inLog, from: 120,
		group: groupLook, text: "filter"},
	{keys: []string{" "}, act: actFreeze, hint: "freeze", places: inMain | inLog, from: 120,
		group: groupLook, label: "space", text: "freeze"},
	{keys: []string{"t"}, act: actTick, hint: "tick", places: inMain, from: 200,
		group: groupLook, text: "tick: how often figures come", brief: "tick: how often"},
	{keys: []string{"tab", "shift+tab"}, act: actTab, hint: "pane", places: inMain, from: 200,
		group: groupMove, text: "next pane"},
	{keys: []string{"q"}, act: actQuit, scope: scopeLook, hint: "stop+leave", places: inMain, from: 200,
		group: groupCluster, text: "stop and leave", note: "ask", brief: "stop+leave"},
	{keys: []string{"ctrl+c"}, act: actQuitNow,
		group: groupCluster, text: "the same, no ask"},
	{keys: []string{"enter"}, act: actDetails, scope: scopeWorker,
		group: groupWorker, text: "details; a log line", brief: "details, line"},

	{keys: []string{"up"}, vim: []string{"up", "k"}, act: actUp,
		group: groupMove, label: "↑ ↓ pgup pgdn home end g G", vimLabel: "↑ ↓ j k pgup pgdn home end g G",
		brief: "↑ ↓ pgup pgdn g G", vimBrief: "↑ ↓ j k pgup pgdn g G"},
	{keys: []string{"down"}, vim: []string{"down", "j"}, act: actDown},
	{keys: []string{"left"}, act: actLeft},
	{keys: []string{"right"}, act: actRight},
	{keys: []string{"pgup"}, act: actPageUp},
	{keys: []string{"pgdown"}, act: actPageDown},
	{keys: []string{"ctrl+d"}, act: actHalfDown},
	{keys: []string{"home", "g"}, act: actHome},
	{keys: []string{"end", "G"}, act: actEnd},
	{keys: []string{"j"}, vim: []string{}, act: actTextDown},
	{keys: []string{"n"}, act: actNextHit, hint: "next hit",
		group: groupMove, label: "n N", text: "next hit in a filtered log", brief: "next log hit"},
	{keys: []string{"N"}, act: actPrevHit},
	{keys: []string{"esc"}, act: actEsc, hint: "back", places: inDetails,
		group: groupMove, text: "back one step"},

	{keys: []string{"1"}, act: actView1, hint: "overview", group: groupLook, text: "overview", fold: "the views"},
	{keys: []string{"3"}, act: actView3, hint: "traffic", group: groupLook, text: "traffic", fold: "the views"},
	{keys: []string{"4"}, act: actView4, hint: "log", group: groupLook, text: "log", fold: "the views"},
	{keys: []string{"5"}, act: actView5, group: groupLook, label: "5 ? h F1", text: "keys"},
	{keys: []string{"v"}, act: actSlow, group: groupLook, text: "slowly"},
	{keys: []string{"m"}, act: actMouse, group: groupLook, text: "mouse off, on", fold: "mouse, redraw"},
	{keys: []string{"ctrl+l"}, act: actRedraw, group: groupLook, text: "redraw", fold: "mouse, redraw"},
	{keys: []string{"ctrl+z"}, act: actSuspend},
	{keys: []string{"?", "h", "f1"}, act: actHelp, hint: "all keys", short: "keys", places: inMain | inDetails | inLog},
}

// names are the keys of b in the current key map.
func (b *binding) names(vim bool) []string {
	if vim && b.vim != nil {
		return b.vim
	}
	return b.keys
}

// keymap finds the binding of a key.
func keymap(vim bool) map[string]*binding {
	m := make(map[string]*binding, 2*len(bindings))
	for i := range bindings {
		for _, k := range bindings[i].names(vim) {
			m[k] = &bindings[i]
		}
	}
	return m
}

// bindingOf is the row of an action that has a key.
func bindingOf(a action) *binding {
	i := slices.IndexFunc(bindings, func(b binding) bool { return b.act == a })
	return &bindings[i]
}

// keyLabel is how a key is written in hints.
func keyLabel(key string) string {
	switch key {
	case " ":
		return "space"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "pgdown":
		return "pgdn"
	}
	return key
}

// labelKey is the key a click on a hint's label presses.
func labelKey(label string) string {
	switch label {
	case "space":
		return " "
	case "↑":
		return "up"
	case "↓":
		return "down"
	case "pgdn":
		return "pgdown"
	case "◄":
		return "left"
	case logIs:
		return "4"
	}
	return label
}

// hint is one "key word" of the hint line. A click presses the first word of key.
type hint struct{ key, text, short string }

// logIs begins the hint for users who expect l to mean the log.
const logIs = "log"

func (b *binding) asHint(vim bool) hint {
	h := hint{key: keyLabel(b.names(vim)[0]), text: b.hint, short: b.short}
	if h.short == "" {
		h.short = h.text
	}
	return h
}

// keyName is a key as a toast names it. Anything may have been typed, so it is
// made safe.
func keyName(key string) string {
	if l := keyLabel(key); utf8.ValidString(l) {
		return safetext.Cut(l, 20, "~")
	}
	return "that key"
}

// scrollBy is how many lines back an action scrolls.
func scrollBy(act action, page, all int) int {
	page = max(page-1, 1)
	switch act {
	case actUp, actTextUp:
		return 1
	case actDown, actTextDown:
		return -1
	case actPageUp:
		return page
	case actPageDown:
		return -page
	case actHalfDown:
		return -max(page/2, 1)
	case actHome:
		return all
	case actEnd:
		return -all
	}
	return 0
}
