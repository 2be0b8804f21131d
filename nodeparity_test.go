//go:build !windows

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nodeRows are Node's tests that mean something for a Go program: each must have
// its row, and its test, in docs/node-parity.md.
const nodeRows = `
accept-fail basic bind-privileged-port bind-twice call-and-destroy concurrent-disconnect cwd dgram-1 dgram-2
disconnect disconnect-before-exit disconnect-exitedAfterDisconnect-race disconnect-idle-worker disconnect-leak
disconnect-race disconnect-unshared-tcp disconnect-unshared-udp disconnect-with-no-workers eaccess eaddrinuse
fork-env http-pipe invalid-message ipc-throw kill-disconnect kill-infinite-loop listen-pipe-readable-writable
listening-port message net-listen-backlog net-listen-ipv6only-false net-server-drop-connection primary-error
primary-kill send-deadlock server-restart-none server-restart-rr setup-primary setup-primary-argv
setup-primary-cumulative setup-primary-emit setup-primary-multiple shared-handle-bind-error
shared-handle-bind-privileged-port shared-leak worker-death worker-disconnect worker-exit worker-forced-exit
worker-init worker-isconnected worker-isdead worker-kill worker-kill-signal worker-no-exit worker-wait-server-close
listen-fd-cluster cluster-net-listen-ipv6only-none cluster-net-listen-ipv6only-rr
cluster-port-reuse-between-workers cluster-import-scheduling-policy dgram-bind-shared-ports-after-port-0`

func TestNodeParityNamesItsTests(t *testing.T) {
	doc, err := os.ReadFile("docs/node-parity.md")
	if err != nil {
		t.Fatal(err)
	}
	withGo, withNode := testNames(t, "internal/e2e/parity"), testNames(t, "internal/e2e/node")
	rows := tableRows(t, string(doc), "rows")
	for name, tests := range rows {
		if tests[0] == "-" {
			t.Errorf("row %s has no test with Go workers", name)
		}
	}
	for _, name := range strings.Fields(nodeRows) {
		if _, ok := rows[name]; !ok {
			t.Errorf("there is no row %s", name)
		}
	}
	if n := len(strings.Fields(nodeRows)); len(rows) != n {
		t.Errorf("%d rows, want %d", len(rows), n)
	}
	for _, table := range []map[string][2]string{rows, tableRows(t, string(doc), "node rows")} {
		for name, tests := range table {
			for i, known := range []map[string]bool{withGo, withNode} {
				if test := tests[i]; test != "-" && !known[test] {
					t.Errorf("row %s names the test %s, which does not exist", name, test)
				}
			}
		}
	}
}

// tableRows are the second and third cells of a table between two marks, by the
// first.
func tableRows(t *testing.T, doc, mark string) map[string][2]string {
	t.Helper()
	_, rest, began := strings.Cut(doc, "<!-- "+mark+": begin -->")
	table, _, ended := strings.Cut(rest, "<!-- "+mark+": end -->")
	if !began || !ended {
		t.Fatalf("there is no table %q", mark)
	}
	rows := map[string][2]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		name, a, b := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])
		if name == "Node's test" || name == "---" || a == "" {
			continue
		}
		if _, twice := rows[name]; twice {
			t.Errorf("row %s is there twice", name)
		}
		rows[name] = [2]string{a, b}
	}
	return rows
}

// testNames are the tests of a package, on whatever system they run.
func testNames(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names[fn.Name.Name] = true
			}
		}
	}
	return names
}
