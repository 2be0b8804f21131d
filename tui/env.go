package tui

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/safetext"
	"muster/internal/secret"
)

// envText is as many of the variables as fit in cells. Values are masked unless
// they are harmless: others may watch the screen. If shown names a variable,
// envText is that variable alone, unmasked.
func envText(s *screen, env []string, shown string, cells int) string {
	sorted := envSorted(env)
	masked := maskedNames(env)
	if i := slices.Index(masked, shown); i >= 0 {
		at := slices.IndexFunc(sorted, func(kv string) bool { return strings.HasPrefix(kv, shown+"=") })
		tail := fmt.Sprintf("  (%d of %d masked)", i+1, len(masked))
		return cutTo(s, safetext.Line(sorted[at]), cells-len(tail)) + tail
	}
	all := fmt.Sprintf("(%d in all)", len(env))
	if len(masked) > 0 {
		all = fmt.Sprintf("(%d in all, * shows one)", len(env))
	}
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

// envSorted is the variables in the order shown: those that say which worker
// this is come first.
func envSorted(env []string) []string {
	sorted := slices.Clone(env)
	slices.SortStableFunc(sorted, func(a, b string) int { return envRank(a) - envRank(b) })
	return sorted
}

func envRank(kv string) int {
	if strings.HasPrefix(kv, "NODE_UNIQUE_ID=") {
		return 0
	}
	return 1
}

// maskedNames are the variables whose values are not shown, in the order of
// envSorted.
func maskedNames(env []string) []string {
	var out []string
	for _, kv := range envSorted(env) {
		if secret.Env(kv) != kv {
			name, _, _ := strings.Cut(kv, "=")
			out = append(out, name)
		}
	}
	return out
}

func maskEnv(kv string) string { return safetext.Line(secret.Env(kv)) }

// unmask shows the next masked variable of the details, and none after the last
// one.
func (m *model) unmask() {
	d := m.openDetails()
	if d == nil {
		m.toast("* shows a masked variable in the details (enter)")
		return
	}
	var masked []string
	if d.details != nil {
		masked = maskedNames(d.details.Env)
	}
	next := slices.Index(masked, d.shown) + 1
	switch {
	case len(masked) == 0:
		m.toast("no variable is masked")
	case next < len(masked):
		d.shown = masked[next]
	default:
		d.shown = ""
		m.toast("all are masked again")
	}
}
