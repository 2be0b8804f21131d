//go:build !windows

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// licences are the kinds that may be linked into muster, by a sentence of each.
var licences = []struct{ name, says string }{
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"Apache-2.0", "Apache License Version 2.0, January 2004"},
	{"BSD-3-Clause", "Neither the name of"},
	{"MPL-2.0", "Mozilla Public License"}, // binds changes of its own files; no file of ours
}

// Every module that is linked into muster, on each of its systems, has a licence of
// an allowed kind in its directory, and a row in docs/dependencies.md that says it.
func TestDependenciesHaveALicence(t *testing.T) {
	readsOnly(t)
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]string{} // path and version, to directory
	for _, system := range []string{"linux", "darwin", "freebsd"} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} | {{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
		cmd.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list for %s: %v", system, err)
		}
		for line := range strings.Lines(string(out)) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				modules[module] = dir
			}
		}
	}
	if len(modules) < 10 {
		t.Fatalf("only %d modules were found", len(modules))
	}
	for module, dir := range modules {
		kind := licenceOf(t, dir)
		if kind == "" {
			t.Errorf("%s has no licence of a kind that may be linked", module)
		} else if row := "| " + module + " | " + kind + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/dependencies.md has no row that starts with %q", row)
		}
	}
}

// licenceOf is the kind of licence in a directory, "" if there is none that is known.
func licenceOf(t *testing.T, dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "LICENSE*"))
	if err != nil || len(files) == 0 {
		return ""
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.Join(strings.Fields(string(text)), " ")
	for _, l := range licences {
		if strings.Contains(plain, l.says) {
			return l.name
		}
	}
	return ""
}
