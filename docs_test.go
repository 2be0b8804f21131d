//go:build !windows

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/testkit"
)

// span is a piece of code in a line of text.
var span = regexp.MustCompile("`([^`]+)`")

// commands is every command line of a paper that starts with muster, go run or
// node: indented ones, and those in a line of text. A pipe, a redirection or a
// comment ends one, settings of the environment before it are no part of it.
func commands(paper string) [][]string {
	var out [][]string
	add := func(text string) {
		// In a table the pipe is written \|.
		text = strings.ReplaceAll(text, `\|`, "|")
		if i := strings.IndexAny(text, "|#><;&"); i >= 0 {
			text = text[:i]
		}
		words := strings.Fields(text)
		for len(words) > 0 && strings.Contains(words[0], "=") {
			words = words[1:]
		}
		for i := range words {
			words[i] = strings.Trim(words[i], `'"`)
		}
		switch {
		case len(words) < 2:
		case words[0] == "muster" || words[0] == "node":
			out = append(out, words)
		case words[0] == "go" && words[1] == "run" && len(words) > 2:
			out = append(out, words)
		}
	}
	for line := range strings.Lines(paper) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			add(code)
			continue
		}
		for _, m := range span.FindAllStringSubmatch(line, -1) {
			add(m[1])
		}
	}
	return out
}

func TestCommands(t *testing.T) {
	paper := "text `muster --a 1 \\| grep x` and `ENV=none node x.js` and `muster`\n" +
		"    go run . tour --b >out   # why\n" +
		"| `muster load 'http://h/?a=1'` |\n" +
		"    curl x\n"
	var got []string
	for _, words := range commands(paper) {
		got = append(got, strings.Join(words, " "))
	}
	want := []string{"muster --a 1", "node x.js", "go run . tour --b", "muster load http://h/?a=1"}
	if !slices.Equal(got, want) {
		t.Errorf("commands found %q, want %q", got, want)
	}
}

// What the papers tell one to type must be understood: each muster command is
// given to muster with --help after its flags, which are read before it.
func TestPapersCommandsAreUnderstood(t *testing.T) {
	t.Parallel()
	if testkit.Race {
		t.Skip("with --help muster reads its flags and has one goroutine; the run without the detector has this test")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	papers, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{} // what muster said to a command line, "" = understood
	for _, name := range append(papers, "README.md", "CHANGELOG.md", "examples/README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range commands(string(text)) {
			line := strings.Join(words, " ")
			args, files := parts(words)
			for _, file := range files {
				// One without a directory, and in other papers any, is the reader's own.
				if name != "docs/lesson.md" || !strings.Contains(file, "/") {
					continue
				}
				if _, err := os.Stat(file); err != nil {
					t.Errorf("%s: %s: %v", name, line, err)
				}
			}
			if args == nil {
				continue
			}
			key := strings.Join(args, " ")
			said, tried := known[key]
			if !tried {
				said = understood(self, args)
				known[key] = said
			}
			if said != "" {
				t.Errorf("%s: %s: %s", name, line, said)
			}
		}
	}
	if len(known) < 15 {
		t.Errorf("only %d command lines found in the papers", len(known))
	}
}

// parts is what muster gets of a command line, nil = it is none of muster's,
// and the files of this directory it speaks of.
func parts(words []string) (args, files []string) {
	switch {
	case words[0] == "node":
		return nil, words[1:2]
	case words[0] == "go" && words[2] != ".":
		return nil, words[2:3]
	case words[0] == "go":
		words = words[2:]
	}
	args = words[1:]
	if end := slices.Index(args, "--"); end >= 0 {
		if program := args[end+1:]; len(program) > 1 && program[0] == "node" {
			files = program[1:2]
		}
		args = args[:end]
	}
	return slices.Clone(args), files
}

// understood is what muster says against its arguments, "" = nothing.
func understood(self string, args []string) string {
	// A command line that is not understood so may run something for ever.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append(append([]string{"muster"}, args...), "--help")
	// A program with the race detector would wait a second before it ends.
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Sprintf("%v: %s", err, strings.TrimSpace(string(out)))
	}
	return ""
}
