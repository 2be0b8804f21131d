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

// A program that stands at a breakpoint answers nothing, and must not be killed
// for that. Two kinds of debugger are recognised: Node's inspector, by the
// options of node or by node's line on stderr when it opens one later, and any
// debugger that uses ptrace(2).

// inspectOption are the options of node that open an inspector
// (https://nodejs.org/api/cli.html); --inspect-port alone opens none.
var inspectOption = regexp.MustCompile(`^--inspect(?:-brk|-wait)?(?:=.*)?$`)

// inspectorOpened begins node's line on stderr when an inspector opens, also by
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

// inspectsWords is inspects for a command with words before node: env A=1 node
// x.js.
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

// inspectsOptions is inspects for the options of node: the value of an option
// does not count as an option.
func inspectsOptions(options []string) bool {
	for i, o := range options {
		if inspectOption.MatchString(o) && (i == 0 || !proc.TakesValue[options[i-1]]) {
			return true
		}
	}
	return false
}

// inspectsLine is inspects for each command in a line of a shell. It
// understands quotes, but no more of the shell's language.
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

// debuggerOf is why a process may stand still: it is traced, or it listens at
// inspector, the port of its inspector; 0 = it has none.
func debuggerOf(pid, inspector int) string {
	if tracer, name := tracerOf(pid); tracer != 0 {
		return fmt.Sprintf("process %d (%s) traces it", tracer, name)
	}
	if inspector != 0 && listensBelow(pid, inspector) {
		return "its inspector is open"
	}
	return ""
}
