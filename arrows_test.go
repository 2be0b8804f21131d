//go:build !windows

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/internal/testkit"
)

// The rooms import in one direction. What a room may use of ours, directly or
// not, stands here; the engine and what it rests on never reach the screen,
// whose libraries talk to the terminal when they are merely imported.
func TestRoomsImportInOneDirection(t *testing.T) {
	t.Parallel()
	readsOnly(t)
	all := dependencies(t)
	rooms := []string{"muster/tui/internal/cell", "muster/tui/internal/hist", "muster/tui/internal/term", "muster/internal/say"}
	screen := []string{"muster/tui", "muster/styles", "muster/internal/safetext", "github.com/charmbracelet/"}
	for _, room := range []struct {
		path string
		ours []string // packages of ours it may use
		not  []string // prefixes it must not reach at all
	}{
		{"muster/ipc", nil, screen},
		// It must be initialised before all that rests on os.
		{"muster/internal/guard", nil, []string{"os", "time", "fmt"}},
		{"muster/internal/cpus", nil, screen},
		{"muster/internal/wireword", nil, screen},
		{"muster/internal/plural", nil, screen},
		// Decisions about values: no descriptor, no network, no process.
		{"muster/engine/internal/deal", nil, []string{"os", "golang.org/x/sys/", "muster/ipc"}},
		{"muster/engine/internal/spread", nil, []string{"os", "golang.org/x/sys/", "muster/ipc"}},
		{"muster/engine/internal/trace", nil, []string{"os", "golang.org/x/sys/", "muster/ipc"}},
		{"muster/engine/internal/sock", nil, append([]string{"os/exec"}, screen...)},
		{"muster/engine/internal/pulse", nil, []string{"os", "net", "muster/ipc"}},
		{"muster/engine/internal/rawconn", []string{"muster/engine/internal/pulse"}, append([]string{"os/exec", "net/http", "muster/ipc"}, screen...)},
		{"muster/engine/internal/proc", nil, screen},
		{"muster/engine", []string{"muster/engine/internal/deal", "muster/engine/internal/proc", "muster/engine/internal/pulse", "muster/engine/internal/rawconn", "muster/engine/internal/sock", "muster/engine/internal/spread", "muster/engine/internal/trace", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/engine/demo", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/styles", nil, nil},
		{"muster/internal/safetext", nil, nil},
		{"muster/internal/plaintext", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/internal/safetext", "muster/internal/secret"}, nil},
		// The words of events know no screen.
		{"muster/internal/say", []string{"muster/internal/plaintext", "muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/internal/safetext", "muster/internal/secret"}, []string{"muster/tui", "muster/styles", "github.com/charmbracelet/bubbletea"}},
		{"muster/internal/explain", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/internal/load", nil, screen},
		{"muster/internal/onscreen", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/internal/load"}, screen},
		{"muster/internal/tour", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/internal/load"}, screen},
		{"muster/internal/viewtest", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/internal/nodecmd", nil, screen},
		{"muster/internal/quietterm", nil, screen},
		{"muster/internal/stopsignal", nil, screen},
		{"muster/internal/secret", nil, screen},
		{"muster/internal/deathsignal", nil, screen},
		// What every command has knows neither a command nor a cluster.
		{"muster/internal/cli/internal/command", []string{"muster/internal/safetext", "muster/internal/stopsignal"}, []string{"muster/engine", "muster/tui", "muster/styles", "github.com/spf13/cobra", "github.com/charmbracelet/bubbletea"}},
		// A load knows no screen: it runs without one.
		{"muster/internal/cli/internal/loadcmd", []string{"muster/internal/cli/internal/command", "muster/internal/load", "muster/internal/onscreen", "muster/internal/nodecmd", "muster/internal/deathsignal", "muster/internal/stopsignal", "muster/internal/safetext", "muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, []string{"muster/tui", "muster/styles", "github.com/charmbracelet/bubbletea"}},
		// Cells know no cluster.
		{"muster/tui/internal/cell", []string{"muster/styles", "muster/internal/safetext"}, nil},
		// Histories know no look.
		{"muster/tui/internal/hist", []string{"muster/engine", "muster/engine/internal/deal", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen[1:]},
		{"muster/tui/internal/term", []string{"muster/internal/deathsignal", "muster/internal/safetext", "muster/internal/stopsignal"}, []string{"muster/styles", "github.com/charmbracelet/bubbletea"}},
		{"muster/tui", append(slices.Clone(rooms), "muster/engine", "muster/internal/explain", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/styles", "muster/internal/load", "muster/internal/onscreen", "muster/internal/safetext", "muster/internal/plaintext", "muster/internal/quietterm", "muster/internal/stopsignal", "muster/internal/deathsignal", "muster/internal/secret"), nil},
		{"muster/examples/cluster", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/examples/messages", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/examples/server", []string{"muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc"}, screen},
		{"muster/examples/dashboard", append(slices.Clone(rooms), "muster/tui", "muster/internal/explain", "muster/engine", "muster/internal/cpus", "muster/internal/guard", "muster/internal/plural", "muster/internal/wireword", "muster/ipc", "muster/styles", "muster/internal/load", "muster/internal/onscreen", "muster/internal/safetext", "muster/internal/plaintext", "muster/internal/quietterm", "muster/internal/stopsignal", "muster/internal/deathsignal", "muster/internal/secret"), nil},
	} {
		deps, found := all[room.path]
		if !found {
			t.Errorf("there is no %s", room.path)
		}
		for _, dep := range deps {
			if strings.HasPrefix(dep, "muster/engine/internal/") && slices.Contains(room.ours, "muster/engine") {
				continue // who may use the engine need not know its rooms, and Go lets nobody else in
			}
			if strings.HasPrefix(dep, "muster/") && !slices.Contains(room.ours, dep) {
				t.Errorf("%s uses %s", room.path, dep)
			}
			for _, prefix := range room.not {
				if strings.HasPrefix(dep, prefix) {
					t.Errorf("%s reaches %s", room.path, dep)
				}
			}
		}
	}
}

// dependencies are, by package of this module, all that it uses, directly or not.
func dependencies(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := make(map[string][]string)
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p.Deps
	}
}

// readsOnly skips a test under the race detector, which finds nothing in what only
// reads the sources: it would take the detector's time, and the run without it has
// the test.
func readsOnly(t *testing.T) {
	t.Helper()
	if testkit.Race {
		t.Skip("it reads sources, and has one goroutine")
	}
}
