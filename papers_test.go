//go:build !windows

package main

import (
	"os"
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
