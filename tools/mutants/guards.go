//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// guard is one entry of guards.txt.
type guard struct {
	name  string // one word
	what  string // what it keeps
	file  string // below the module, with slashes
	take  string // the text of it, once in the file
	put   string // what stands there instead
	tests []tests
}

// tests are those of a package that go red without the guard.
type tests struct {
	pkg   string // as go test takes it, "./engine"
	names []string
}

// run is the pattern of go test -run.
func (t tests) run() string { return "^(" + strings.Join(t.names, "|") + ")$" }

// parseGuards reads guards.txt; its head says how it is written.
func parseGuards(text string) (all []guard, err error) {
	for _, block := range strings.Split(text, "\n\n") {
		g, empty, err := parseGuard(block)
		if err != nil {
			return nil, fmt.Errorf("%w, in:\n%s", err, block)
		}
		if !empty {
			all = append(all, g)
		}
	}
	return all, nil
}

func parseGuard(block string) (g guard, empty bool, err error) {
	var take, put []string
	for _, line := range strings.Split(block, "\n") {
		switch {
		case line == "" || line[0] == '#':
		case g.name == "":
			name, what, ok := strings.Cut(line, ": ")
			if !ok || strings.ContainsAny(name, " \t") {
				return g, false, errors.New("no line NAME: WHAT")
			}
			g.name, g.what = name, what
		case g.file == "":
			g.file = line
		case line[0] == '-' && len(g.tests) == 0:
			take = append(take, strings.TrimPrefix(line[1:], " "))
		case line[0] == '+' && len(g.tests) == 0:
			put = append(put, strings.TrimPrefix(line[1:], " "))
		case line[0] == '.':
			f := strings.Fields(line)
			g.tests = append(g.tests, tests{f[0], f[1:]})
		default:
			return g, false, fmt.Errorf("line %q", line)
		}
	}
	g.take, g.put = strings.Join(take, "\n"), strings.Join(put, "\n")
	switch {
	case g.name == "":
		return g, true, nil
	case g.file == "" || g.take == "" || len(g.tests) == 0:
		return g, false, errors.New("no file, nothing to take out, or no tests")
	case g.take == g.put:
		return g, false, errors.New("what is taken out is put back")
	}
	return g, false, nil
}

// checkGuards returns what is wrong in the list about the module at root.
func checkGuards(root string, all []guard) error {
	var errs []error
	names := make(map[string]bool)
	known := make(map[string]map[string]bool) // the tests of a package
	for _, g := range all {
		bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(g.name+": "+format, args...)) }
		if names[g.name] {
			bad("the name is there twice")
		}
		names[g.name] = true
		if _, err := g.applied(root); err != nil {
			bad("%w", err)
		}
		for _, t := range g.tests {
			if known[t.pkg] == nil {
				known[t.pkg] = testsOf(filepath.Join(root, t.pkg))
			}
			if len(t.names) == 0 {
				bad("no tests of %s", t.pkg)
			}
			for _, name := range t.names {
				if !known[t.pkg][name] {
					bad("%s has no test %s", t.pkg, name)
				}
			}
		}
	}
	return errors.Join(errs...)
}

// applied is the guard's file without it.
func (g guard) applied(root string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(root, g.file))
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(b), g.take); n != 1 {
		return nil, fmt.Errorf("its text is in %s %d times, not once", g.file, n)
	}
	return []byte(strings.Replace(string(b), g.take, g.put, 1)), nil
}

var testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Example)\w*)\(`)

// testsOf are the names of the tests in a directory.
func testsOf(dir string) map[string]bool {
	found := make(map[string]bool)
	files, _ := filepath.Glob(filepath.Join(dir, "*_test.go")) // the pattern is a good one
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		for _, m := range testFunc.FindAllSubmatch(b, -1) {
			found[string(m[1])] = true
		}
	}
	return found
}

// moduleRoot is the directory of go.mod, here or above.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod here or above: start it in the module")
		}
		dir = up
	}
}
