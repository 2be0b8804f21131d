// Package nodecmd looks at the command of `muster run` and sees to it that the
// Node program in it gets the channel. A launcher that is itself a Node program
// (npm, npx, tsx, ...) takes the channel for itself, and the program below it
// would bind the port alone, unseen.
package nodecmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// Plan is what to run.
type Plan struct {
	Args []string // the command and its arguments
	Path string   // a directory to put first in PATH; "" = none
	Note string   // a line that says what is run in place of what was asked; "" = it is the same
}

// Files is the part of the file system that Resolve reads: os.ReadFile.
type Files func(name string) ([]byte, error)

// Error is a command that cannot work, and what to type instead.
type Error struct{ Problem, Instead string }

func (e *Error) Error() string {
	if e.Instead == "" {
		return e.Problem
	}
	return e.Problem + "; use: " + e.Instead
}

// Resolve finds out what to run for a command. dir is the working directory,
// where package.json is looked for.
func Resolve(args []string, dir string, read Files) (Plan, error) {
	if len(args) == 0 {
		return Plan{}, &Error{"no command", "muster run -- COMMAND [ARGS...]"}
	}
	rest := args[1:]
	switch name := filepath.Base(args[0]); name {
	case "npm":
		return npm(args, dir, read)
	case "yarn", "pnpm", "bun":
		if script, more, ok := scriptOf(rest); ok && name != "bun" {
			return Plan{}, unsupported(name, append([]string{"npm", "run", script}, dashed(more)...))
		}
		return Plan{}, unsupported(name, append([]string{"node"}, orScript(rest)...))
	case "npx":
		return Plan{}, unsupported(name, npxInstead(rest))
	case "tsx":
		return Plan{}, unsupported(name, append([]string{"node", "--import", "tsx"}, orScript(rest)...))
	case "ts-node", "ts-node-esm":
		return Plan{}, unsupported(name, append([]string{"node", "--require", "ts-node/register"}, orScript(rest)...))
	case "nodemon", "pm2", "pm2-runtime", "forever":
		return Plan{}, unsupported(name, append([]string{"node"}, orScript(withoutWord(rest, "start"))...))
	}
	return Plan{Args: args}, nil
}

// unsupported is the error for a launcher.
func unsupported(name string, instead []string) error {
	return &Error{name + " takes the workers' channel for itself, so the program below it is no worker",
		"muster run -- " + quoteAll(instead)}
}

// orScript is what the user gave, or a place to put a script.
func orScript(args []string) []string {
	if len(args) == 0 {
		return []string{"SCRIPT"}
	}
	return args
}

func withoutWord(args []string, word string) []string {
	if len(args) > 0 && args[0] == word {
		return args[1:]
	}
	return args
}

// npxInstead is the program that npx would have run, by node.
func npxInstead(args []string) []string {
	for i, a := range args {
		switch {
		case strings.HasPrefix(a, "-"):
		case a == "tsx":
			return append([]string{"node", "--import", "tsx"}, orScript(args[i+1:])...)
		case a == "ts-node":
			return append([]string{"node", "--require", "ts-node/register"}, orScript(args[i+1:])...)
		default:
			return append([]string{"node", path.Join("node_modules/.bin", a)}, args[i+1:]...)
		}
	}
	return []string{"node", "SCRIPT"}
}

// scriptOf reads "start", "run X" and "X" of npm's relatives.
func scriptOf(args []string) (script string, more []string, ok bool) {
	switch {
	case len(args) == 0:
		return "", nil, false
	case args[0] == "run" || args[0] == "run-script":
		if len(args) < 2 {
			return "", nil, false
		}
		return args[1], args[2:], true
	}
	return args[0], args[1:], !strings.HasPrefix(args[0], "-")
}

func dashed(more []string) []string {
	if len(more) == 0 {
		return nil
	}
	return append([]string{"--"}, more...)
}

// npm runs the script of package.json itself, as npm would: by a shell, with
// node_modules/.bin first in PATH.
func npm(args []string, dir string, read Files) (Plan, error) {
	var script string
	rest := args[1:]
	switch {
	case len(rest) == 0:
		return Plan{}, &Error{"npm: which script?", "muster run -- npm start"}
	case rest[0] == "start" || rest[0] == "test" || rest[0] == "restart" || rest[0] == "stop":
		script, rest = rest[0], rest[1:]
	case (rest[0] == "run" || rest[0] == "run-script") && len(rest) > 1 && !strings.HasPrefix(rest[1], "-"):
		script, rest = rest[1], rest[2:]
	case rest[0] == "exec" || rest[0] == "x":
		return Plan{}, unsupported("npm "+rest[0], npxInstead(rest[1:]))
	default:
		return Plan{}, &Error{fmt.Sprintf("npm %s is not a way to start a server here", rest[0]), "muster run -- npm start"}
	}
	file := filepath.Join(dir, "package.json")
	b, err := read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Plan{}, &Error{"npm " + script + ": there is no package.json in " + dir, "muster run -- node SCRIPT"}
	}
	if err != nil {
		return Plan{}, fmt.Errorf("npm %s: %w", script, err)
	}
	var pkg struct {
		Scripts map[string]string `json:"scripts"`
	}
	if err := json.Unmarshal(b, &pkg); err != nil {
		return Plan{}, fmt.Errorf("npm %s: %s: %w", script, file, err)
	}
	line, ok := pkg.Scripts[script]
	if !ok && script == "start" {
		// npm's own default.
		if _, err := read(filepath.Join(dir, "server.js")); err == nil {
			line, ok = "node server.js", true
		}
	}
	if !ok {
		return Plan{}, &Error{fmt.Sprintf("package.json has no script %q%s", script, known(pkg.Scripts)), ""}
	}
	if more := args0(rest); len(more) > 0 {
		line += " " + quoteAll(more)
	}
	if _, err := Resolve(firstCommand(line), dir, read); err != nil {
		return Plan{}, fmt.Errorf("script %q of package.json is `%s`: %w", script, line, err)
	}
	return Plan{
		Args: []string{"sh", "-c", shellExec(line)},
		Path: filepath.Join(dir, "node_modules", ".bin"),
		Note: fmt.Sprintf("npm %s: running the script of package.json without npm, which would keep the channel: %s", script, line),
	}, nil
}

// args0 is what npm passes on: all after --, or all that is no option of npm's.
func args0(rest []string) []string {
	for i, a := range rest {
		if a == "--" {
			return rest[i+1:]
		}
	}
	return rest
}

// firstCommand is the program a simple script line starts, without the
// variables set before it; nil if it is not that simple.
func firstCommand(line string) []string {
	f := strings.Fields(line)
	for len(f) > 0 && (strings.Contains(f[0], "=") || f[0] == "exec" || f[0] == "cross-env") {
		f = f[1:]
	}
	if len(f) == 0 {
		return []string{"true"}
	}
	return f
}

// shellExec has the shell replaced by the program where the line is one simple
// command, so that signals reach it and its exit is the worker's.
func shellExec(line string) string {
	if strings.ContainsAny(line, ";&|<>()`\n") || strings.HasPrefix(strings.TrimSpace(line), "exec ") {
		return line
	}
	if f := strings.Fields(line); len(f) > 0 && strings.Contains(f[0], "=") {
		return line // `A=1 exec node` would be right, but `A=1` alone may be meant
	}
	return "exec " + line
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

// quoteAll is args as one would type them for a POSIX shell.
func quoteAll(args []string) string {
	q := make([]string, len(args))
	for i, a := range args {
		if a != "" && !strings.ContainsAny(a, " \t\n\"'`$&|;<>()*?[]#~\\") {
			q[i] = a
			continue
		}
		q[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(q, " ")
}
