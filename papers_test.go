//go:build !windows

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every direct dependency of go.mod has its line in docs/dependencies.md, with
// the version in use.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	inBlock := false
	for line := range strings.Lines(string(mod)) {
		switch line = strings.TrimSpace(line); {
		case line == "require (":
			inBlock = true
			continue
		case line == ")":
			inBlock = false
		}
		words := strings.Fields(strings.TrimPrefix(line, "require "))
		if !inBlock && !strings.HasPrefix(line, "require ") || len(words) < 2 || strings.HasSuffix(line, "// indirect") {
			continue
		}
		if row := "| " + words[0] + " | " + words[1] + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/dependencies.md has no row that starts with %q", row)
		}
	}
}

// Each bound of docs/reliability.md names its test, and every test named there is
// one.
func TestPapersBoundsHaveTheirTests(t *testing.T) {
	readsOnly(t)
	doc, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(b, -1) {
			have[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`")
	for _, m := range named.FindAllSubmatch(doc, -1) {
		if name := string(m[1]); !have[name] {
			t.Errorf("docs/reliability.md names %s: there is no such test", name)
		}
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		heading := strings.HasPrefix(line, "| What ") || strings.HasPrefix(line, "| ---") || strings.HasPrefix(line, "| **")
		if !strings.HasPrefix(line, "| ") || heading {
			continue
		}
		if rows++; !named.MatchString(line) {
			t.Errorf("a bound of docs/reliability.md has no test: %s", line)
		}
	}
	if rows < 30 {
		t.Errorf("docs/reliability.md has %d bounds: is its table still one?", rows)
	}
}
