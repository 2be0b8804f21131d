package proc

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Node gives every worker an inspector port of its own when the program was
// started with one (lib/internal/cluster/primary.js, createWorkerProcess): it
// counts up from the primary's, and goes on at 1024 after 65535.
const (
	inspectBase = 9229
	portFirst   = 1024
	portLast    = 65535
)

// inspectArg is Node's own pattern, with the port if one is given.
var inspectArg = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^--(?:inspect(?:-brk|-port)?|debug-port)(?:=(?:.*:)?(\d+)|=.*)?$`)
})

// WithInspectPort is argv and env for the n-th fork (from 1). They are returned
// as they are if no inspector is asked for, or argv starts no node.
func WithInspectPort(argv, env []string, n int) ([]string, []string) {
	if base, ok := inspectPortOf(NodeOptions(argv)); ok {
		i := scriptIndex(argv)
		out := append([]string(nil), argv[:i]...)
		out = append(out, "--inspect-port="+inspectPortFor(base, n))
		return append(out, argv[i:]...), env
	}
	for i, kv := range env {
		value, ok := strings.CutPrefix(kv, "NODE_OPTIONS=")
		if !ok {
			continue
		}
		if base, ok := inspectPortOf(strings.Fields(value)); ok {
			out := append([]string(nil), env...)
			out[i] = kv + " --inspect-port=" + inspectPortFor(base, n)
			return argv, out
		}
	}
	return argv, env
}

// inspectPortOf finds the inspector's port among options.
func inspectPortOf(options []string) (base int, ok bool) {
	for _, o := range options {
		m := inspectArg().FindStringSubmatch(o)
		if m == nil {
			continue
		}
		if !ok {
			base = inspectBase
		}
		ok = true
		if m[1] != "" {
			base, _ = strconv.Atoi(m[1])
		}
	}
	return base, ok
}

// inspectPortFor is the port of the n-th worker; 0 stays 0: any free one.
func inspectPortFor(base, n int) string {
	if base == 0 {
		return "0"
	}
	port := base + n
	for port > portLast {
		port -= portLast - portFirst + 1
	}
	return strconv.Itoa(port)
}

// NodeOptions are the options node itself gets in argv; nil if it is no node.
func NodeOptions(argv []string) []string {
	if i := scriptIndex(argv); i > 0 {
		return argv[1:i]
	}
	return nil
}

// scriptIndex is where the script stands in a command that starts node, or
// len(argv) if there is none; 0 if the command starts something else.
func scriptIndex(argv []string) int {
	switch filepath.Base(argv[0]) {
	case "node", "nodejs":
	default:
		return 0
	}
	for i := 1; i < len(argv); i++ {
		switch a := argv[i]; {
		case !strings.HasPrefix(a, "-"), a == "--":
			return i
		case TakesValue[a]:
			i++
		}
	}
	return len(argv)
}

// TakesValue are node's options whose value is the next argument.
var TakesValue = map[string]bool{
	"-r": true, "--require": true, "--import": true, "--loader": true, "--experimental-loader": true,
	"-C": true, "--conditions": true, "--env-file": true, "--title": true, "--icu-data-dir": true,
	"--openssl-config": true, "--trace-event-categories": true, "--unhandled-rejections": true,
}
