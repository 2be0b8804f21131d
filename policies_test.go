//go:build !windows

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"muster/engine"
	"muster/internal/explain"
)

// TestThePapersTellThePoliciesApart: the lesson says of each what the screen says,
// and the README has a line for it.
func TestThePapersTellThePoliciesApart(t *testing.T) {
	table := "| Policy | Good at | Bad at |\n| --- | --- | --- |\n"
	for _, p := range engine.Policies() {
		about := explain.Policy(p)
		table += fmt.Sprintf("| `%v` | %s | %s |\n", p, about.Good, about.Bad)
		for paper, want := range map[string]string{"README.md": fmt.Sprintf("\n| `%v`", p), "docs/workers.md": fmt.Sprintf("\n**%v**: ", p)} {
			if text, err := os.ReadFile(paper); err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%s has no line for %v: %v", paper, p, err)
			}
		}
	}
	if text, err := os.ReadFile("docs/lesson.md"); err != nil || !strings.Contains(string(text), table) {
		t.Errorf("docs/lesson.md lacks this table (%v):\n%s", err, table)
	}
}
