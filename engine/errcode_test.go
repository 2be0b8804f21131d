package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An error that crosses says the same to people and to errors.Is.
func TestErrorsCrossTheWire(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
		is   []error
	}{
		{fmt.Errorf("worker 3: %w", ErrNoWorker), "no_worker", []error{ErrNoWorker}},
		{fmt.Errorf("worker 3 is being started: %w", ErrBusy), "busy", []error{ErrBusy}},
		{ErrStopped, "stopped", []error{ErrStopped}},
		{unknownOp("eat"), "bad_request", []error{ErrBadRequest}},
		{refusal{errors.New("no gate"), ErrPolicyFixed}, "policy_fixed", []error{ErrPolicyFixed}},
		{fmt.Errorf("SIGTERM to worker 3: %w", syscall.EPERM), "failed", []error{syscall.EPERM, fs.ErrPermission}},
		{badRequest(fmt.Errorf("signal 99: %w", syscall.EINVAL)), "bad_request", []error{ErrBadRequest, syscall.EINVAL}},
		{&AddrError{Addr: Address{Network: "tcp", Host: "::", Port: 80}, Err: syscall.EADDRINUSE, PID: 7}, "failed", []error{syscall.EADDRINUSE}},
		{context.DeadlineExceeded, "timeout", []error{context.DeadlineExceeded}},
		{fmt.Errorf("leaving: %w", context.Canceled), "canceled", []error{context.Canceled}},
		{errors.New("out of luck"), "failed", nil},
	} {
		b, err := json.Marshal(NewWireError(c.err))
		if err != nil {
			t.Fatal(err)
		}
		var there WireError
		if err := json.Unmarshal(b, &there); err != nil {
			t.Fatal(err)
		}
		back := fmt.Errorf("remote: %w", &there)
		if errorCode(c.err) != c.code || errorCode(back) != c.code || there.Error() != c.err.Error() {
			t.Errorf("%v (%s) became %v (%s)", c.err, errorCode(c.err), &there, errorCode(back))
		}
		for _, is := range c.is {
			if !errors.Is(c.err, is) || !errors.Is(back, is) {
				t.Errorf("%v: it is not %v any more", back, is)
			}
		}
		if c.code != "stopped" && errors.Is(back, ErrStopped) {
			t.Errorf("%v is ErrStopped", back)
		}
		if again, err := json.Marshal(NewWireError(back)); err != nil || !strings.Contains(string(again), `"code":"`+c.code+`"`) {
			t.Errorf("handed on it is %s, %v", again, err)
		}
	}
	if NewWireError(nil) != nil || errorCode(nil) != "" {
		t.Error("no error is none")
	}
	if err := (&WireError{Code: "moon", Text: "it is full", Errno: "EMOON"}); errorCode(err) != "moon" || len(err.Unwrap()) != 0 {
		t.Errorf("a code of the future: %v", err.Unwrap())
	}
}

// Every error that the package exports has a code.
func TestEveryErrorHasACode(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = f
	}
	known := map[string]bool{}
	named := 0
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.ValueSpec); ok && len(s.Names) == 1 && s.Names[0].Name == "codes" {
				ast.Inspect(s, func(n ast.Node) bool {
					if id, ok := n.(*ast.Ident); ok {
						known[id.Name] = true
					}
					return true
				})
			}
			return true
		})
	}
	for path, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				for _, id := range s.(*ast.ValueSpec).Names {
					if strings.HasPrefix(id.Name, "Err") {
						if named++; !known[id.Name] {
							t.Errorf("%s: %s has no code", path, id.Name)
						}
					}
				}
			}
		}
	}
	if named < 10 {
		t.Errorf("%d errors found", named)
	}
}
