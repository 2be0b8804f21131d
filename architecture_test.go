package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// codeName is a word in backticks that names a path of the repository, and maybe
// something declared there: engine/fork.go:loop.fork.
var codeName = regexp.MustCompile("`([a-z0-9_]+(?:/[a-zA-Z0-9_.-]+)*(?:\\.(?:go|md))?)(?::([A-Za-z_.]+))?`")

// Every file, room and name that ARCHITECTURE.md mentions exists.
func TestPapersArchitectureNamesWhatThereIs(t *testing.T) {
	readsOnly(t)
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	files, names := 0, 0
	for _, m := range codeName.FindAllStringSubmatch(string(text), -1) {
		path, name := m[1], m[2]
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s: %v", m[0], err)
			continue
		}
		files++
		if name == "" {
			continue
		}
		names++
		if !declared(t, path, name) {
			t.Errorf("%s does not declare %s", path, name)
		}
	}
	if files < 40 || names < 25 {
		t.Errorf("only %d paths and %d names were found on the page", files, names)
	}
}

// partRow is a row of the table of the loop's parts: the part, what it owns, whom it
// asks.
var partRow = regexp.MustCompile("(?m)^\\| `engine/[a-z]+\\.go:([a-z]+)` \\| [^|]+ \\|([^|]*)\\|$")

// A part of the loop has of the other parts only those the page names.
func TestPapersPartsAskOnlyWhomTheTableSays(t *testing.T) {
	readsOnly(t)
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	asks := make(map[string][]string)
	for _, m := range partRow.FindAllStringSubmatch(string(text), -1) {
		asks[m[1]] = strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' })
	}
	if len(asks) < 10 {
		t.Fatalf("only %d parts were found on the page", len(asks))
	}
	have := structFields(t, "engine")
	if len(have["supervisor"]) == 0 {
		t.Fatal("the fields of the supervisor were not found")
	}
	for part, whom := range asks {
		var got []string
		for _, typ := range have[part] {
			if _, isPart := asks[typ]; isPart && typ != "tracing" && typ != "teller" { // those two are everybody's
				got = append(got, typ)
			}
		}
		slices.Sort(got)
		slices.Sort(whom)
		if !slices.Equal(got, whom) {
			t.Errorf("%s has %q of the parts, the page says %q", part, got, whom)
		}
	}
}

// structFields are the types of the fields of a package's structs, as far as they
// are types of the same package.
func structFields(t *testing.T, dir string) map[string][]string {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	fields := make(map[string][]string)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					if typ := receiver(f.Type); typ != "" {
						fields[spec.Name.Name] = append(fields[spec.Name.Name], typ)
					}
				}
			}
			return true
		})
	}
	return fields
}

// declared tells whether a file declares a function, a type or, as Type.name, a
// method.
func declared(t *testing.T, path, name string) bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			full := d.Name.Name
			if d.Recv != nil {
				full = receiver(d.Recv.List[0].Type) + "." + full
			}
			if full == name {
				return true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if s, ok := s.(*ast.TypeSpec); ok && s.Name.Name == name {
					return true
				}
			}
		}
	}
	return false
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
