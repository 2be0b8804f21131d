package tui

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"muster/internal/safetext"
	"muster/internal/say"
	"muster/internal/secret"
	"muster/tui/internal/cell"
)

// settingsText is cluster.settings and the policy in cells cells. If there is
// little room the longest parts are cut; with even less only exec, args, silent
// and the policy are left, with a sign that there is more.
func settingsText(s *screen, cells int) string {
	var forms []string
	for _, all := range []bool{true, false} {
		for _, most := range []int{1000, 60, 40, 30, 24, 20, 16, 12} {
			forms = append(forms, settingsForm(s, most, all, true))
		}
	}
	forms = append(forms, settingsForm(s, 40, false, false), settingsForm(s, 12, false, false))
	return cutTo(s, cell.Fitting(cells, forms...), cells)
}

// settingsForm is the settings with each value cut to most cells. If node is
// false, Node's name of the policy and the arguments are left out too.
func settingsForm(s *screen, most int, all, node bool) string {
	set := s.snap.Settings
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+cutTo(s, value, most))
		}
	}
	exec := safetext.Line(set.Exec)
	if safetext.Width(exec) > most {
		exec = filepath.Base(exec) // the end of a path says most
	}
	add("exec", orUnknown(exec))
	args := say.Command(secret.Args(set.Args))
	more := []fact{{"execArgv", say.Command(secret.Args(set.ExecArgv))}, {"stdio", say.Stdio(set.Stdio)}, {"cwd", set.Cwd}, {"env", maskedEnv(set.Env)}}
	if all {
		add(more[0].name, more[0].value) // in the order of the command line
	}
	if node {
		add("args", orUnknown(args))
	} else {
		more = append(more, fact{"args", args})
	}
	silent := "unset"
	if set.Silent != nil {
		silent = strconv.FormatBool(*set.Silent)
	}
	add("silent", silent)
	if all {
		for _, f := range more[1:] {
			add(f.name, f.value)
		}
	}
	policy := "policy " + s.snap.Policy.String()
	if name := s.snap.Policy.Node(); node && name != "" {
		policy += " (" + name + ")"
	}
	parts = append(parts, policy)
	if left := slices.ContainsFunc(more, func(f fact) bool { return f.value != "" }); left && !all {
		parts = append(parts, s.signs.Ellipsis)
	}
	return strings.Join(parts, "  ")
}

// maskedEnv is the variables, with values masked that look like secrets.
func maskedEnv(env []string) string {
	var out []string
	for _, kv := range env {
		out = append(out, maskEnv(kv))
	}
	return strings.Join(out, " ")
}
