package engine

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"muster/engine/internal/proc"
)

// A program that stands at a breakpoint answers nothing, and is not to be killed
// for that. Two kinds of debugger are known: Node's inspector, from the options
// of node or from what node says on stderr when it opens one later, and whatever
// uses ptrace(2).

// inspectOption are the options of node that open an inspector
// (https://nodejs.org/api/cli.html); --inspect-port alone opens none.
var inspectOption = regexp.MustCompile(`^--inspect(?:-brk|-wait)?(?:=.*)?$`)

// inspectorOpened is what node writes to stderr when an inspector opens, also by
// SIGUSR1 and by inspector.open() (src/inspector_socket_server.cc).
const inspectorOpened = "Debugger listening on "

// inspectorPort reads the port out of such a line, as in "Debugger listening on
// ws://127.0.0.1:9229/0f2c...".
func inspectorPort(line string) (port int, ok bool) {
	at, ok := strings.CutPrefix(line, inspectorOpened)
	if !ok {
		return 0, false
	}
	u, err := url.Parse(at)
	if err != nil {
		return 0, false
	}
	port, err = strconv.Atoi(u.Port())
	return port, err == nil && port > 0
}

// inspects tells whether a command starts node with an inspector, itself or by a
// shell, as a script of package.json is.
func inspects(argv, env []string) bool {
	for _, kv := range env {
		if value, ok := strings.CutPrefix(kv, "NODE_OPTIONS="); ok && inspectsOptions(strings.Fields(value)) {
			return true
		}
	}
	if len(argv) > 2 && argv[1] == "-c" {
		switch filepath.Base(argv[0]) {
		case "sh", "bash", "dash", "ash", "zsh":
			return inspectsLine(argv[2])
		}
	}
	return inspectsWords(argv)
}

// inspectsWords is for a command with words before node: env A=1 node x.js.
func inspectsWords(words []string) bool {
	for i, word := range words {
		if value, ok := strings.CutPrefix(word, "NODE_OPTIONS="); ok && inspectsOptions(strings.Fields(value)) {
			return true
		}
		if options := proc.NodeOptions(words[i:]); options != nil {
			return inspectsOptions(options)
		}
	}
	return false
}

// inspectsOptions is for the options of node: a value of another one is none.
func inspectsOptions(options []string) bool {
	for i, o := range options {
		if inspectOption.MatchString(o) && (i == 0 || !proc.TakesValue[options[i-1]]) {
			return true
		}
	}
	return false
}

// inspectsLine is for a line of a shell: each of its commands. Quotes are
// understood, no more of its language.
func inspectsLine(line string) bool {
	for _, command := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(";&|\n()", r) }) {
		if inspectsWords(shellWords(command)) {
			return true
		}
	}
	return false
}

// shellWords cuts a simple command into words.
func shellWords(command string) []string {
	var words []string
	var word strings.Builder
	in, quote := false, rune(0)
	for _, r := range command {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, in = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
			}
			in = false
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words
}

// debuggerOf is why a process may stand still: something traces it, or it
// listens at the port of its inspector, 0 = it has none.
func debuggerOf(pid, inspector int) string {
	if tracer, name := tracerOf(pid); tracer != 0 {
		return fmt.Sprintf("process %d (%s) traces it", tracer, name)
	}
	if inspector != 0 && listensBelow(pid, inspector) {
		return "its inspector is open"
	}
	return ""
}
