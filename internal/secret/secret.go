// Package secret keeps values that may be secrets off screens and out of logs,
// which other people see. A name does not tell what a variable or an option
// holds, so every value is masked except for a short list of harmless names.
package secret

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Mask stands for a value that is not shown.
const Mask = "***"

// harmless are the variables whose values are shown. NODE_OPTIONS is not
// harmless: it may hold the value of any option.
var harmless = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "NO_COLOR",
	"HOST", "HOSTNAME", "PORT", "GOMAXPROCS", "GOMEMLIMIT", "UV_THREADPOOL_SIZE", "MUSTER_PRIMARY",
	"NODE_ENV", "NODE_APP_INSTANCE", "NODE_UNIQUE_ID", "NODE_CLUSTER_SCHED_POLICY", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE",
}

// options are those of a command line whose values are shown, without dashes.
var options = []string{
	"port", "host", "addr", "address", "workers", "cwd", "env-file", "config", "require", "import", "loader", "conditions", "title",
	"inspect", "inspect-brk", "inspect-wait", "inspect-port", "max-old-space-size", "max-semi-space-size", "stack-size", "max-http-header-size",
	"log-level", "NODE_ENV", "PORT", "HOST",
}

// They are compiled when they are first used: workers use none, and each would keep
// their memory.
var (
	// variable is NAME=VALUE, and option --name=value, where a word begins.
	variable = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(^|[\s;&|("'])(-{0,2})([A-Za-z_][\w.-]*)=("[^"]*"?|'[^']*'?|[^\s"';&|)]+)`)
	})
	// apart is an option whose value is the next word, if its name says it is secret.
	apart = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)(^|[\s"'])(--?[\w.-]*(?:pass|pw|secret|token|key|credential|auth|cookie|dsn)[\w.-]*)(\s+)("[^"]*"?|'[^']*'?|[^\s"'-][^\s"']*)`)
	})
	// address is a URL with what stands before its host and after its path.
	address = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)([^/\s"'@]*@)?([^\s"'?]*)(\?[^\s"']*)?`)
	})
	header = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)\b(bearer|basic)\s+[^\s"']+`) })
)

// Harmless tells whether the value of an environment variable is shown.
func Harmless(name, value string) bool {
	return (slices.Contains(harmless, name) || strings.HasPrefix(name, "LC_")) && !strings.Contains(value, "@")
}

// Env is NAME=VALUE with the value masked, unless the name is a harmless one. A
// value with an @, as in user:password@host, is never shown.
func Env(kv string) string {
	name, value, ok := strings.Cut(kv, "=")
	if !ok || value == "" || Harmless(name, value) {
		return kv
	}
	return name + "=" + Mask
}

// Text is a command line without the values in it that may be secret: those of
// variables and of options, but harmless ones; the word after an option whose
// name says it is secret; user, password and query of an address. A secret that
// is a word of its own, with nothing before it that says so, is not recognised.
func Text(s string) string {
	s = replace(variable(), s, func(m []string) string {
		list := harmless
		if m[2] != "" {
			list = options
		}
		if slices.Contains(list, m[3]) && !strings.Contains(m[4], "@") {
			return m[0]
		}
		return m[1] + m[2] + m[3] + "=" + Mask
	})
	s = replace(apart(), s, func(m []string) string { return m[1] + m[2] + m[3] + Mask })
	s = replace(address(), s, func(m []string) string {
		out := m[1]
		if m[2] != "" {
			out += Mask + "@"
		}
		if out += m[3]; m[4] != "" {
			out += "?" + Mask
		}
		return out
	})
	return replace(header(), s, func(m []string) string { return m[1] + " " + Mask })
}

// Args is Text for the words of a command line.
func Args(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if out[i] = Text(a); i == 0 || a == "" {
			continue
		}
		if two := args[i-1] + " " + a; !strings.ContainsAny(a, " \t") && apart().FindString(two) == two {
			out[i] = Mask
		}
	}
	return out
}

func replace(re *regexp.Regexp, s string, f func(groups []string) string) string {
	return re.ReplaceAllStringFunc(s, func(m string) string { return f(re.FindStringSubmatch(m)) })
}
