package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"testing"
)

// codeName is a word in backticks that names a path of the repository, and maybe
// something declared there: engine/fork.go:loop.fork.
var codeName = regexp.MustCompile("`([a-z0-9_]+(?:/[a-zA-Z0-9_.-]+)*(?:\\.(?:go|md))?)(?::([A-Za-z_.]+))?`")

// Every file, room and name that ARCHITECTURE.md mentions exists.
func TestPapersArchitectureNamesWhatThereIs(t *testing.T) {
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
