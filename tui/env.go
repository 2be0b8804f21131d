package tui

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/safetext"
)

// secretWords mark the names of variables whose values are not shown.
var secretWords = []string{"PASS", "PWD_", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "PRIVATE", "COOKIE", "SESSION", "DSN"}

// envText is as many of the variables as fit in cells; what looks like a
// secret is masked, as others may watch the screen.
func envText(s *screen, env []string, cells int) string {
	all := fmt.Sprintf("(%d in all)", len(env))
	sorted := slices.Clone(env)
	slices.SortStableFunc(sorted, func(a, b string) int { return envRank(a) - envRank(b) })
	var b strings.Builder
	used := 0
	for i, kv := range sorted {
		text := cutTo(s, maskEnv(kv), 30)
		n := safetext.Width(text)
		room := cells - used
		if i < len(sorted)-1 {
			room -= len(all) + 2
		}
		if n+2 > room {
			break
		}
		b.WriteString(text + "  ")
		used += n + 2
	}
	return b.String() + all
}

// envRank puts what says which worker this is in front.
func envRank(kv string) int {
	if strings.HasPrefix(kv, "NODE_UNIQUE_ID=") {
		return 0
	}
	return 1
}

func maskEnv(kv string) string {
	name, value, ok := strings.Cut(kv, "=")
	if !ok {
		return safetext.Line(kv)
	}
	upper := strings.ToUpper(name)
	secret := slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(upper, word) })
	// user:password@host in an address
	if _, rest, ok := strings.Cut(value, "://"); ok && strings.Contains(rest, "@") {
		secret = true
	}
	if secret {
		value = "***"
	}
	return safetext.Line(name + "=" + value)
}
