package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"muster/internal/cpus"
)

// suite is what the measurements share: the settings, the binary and the
// client. It is used by one goroutine.
type suite struct {
	settings
	progress io.Writer
	root     string // of the module
	binary   string // muster, built
	dir      string // for temporary files, removed at the end
	client   client
}

// prepare finds the module and the client and builds muster. end removes what
// it made.
func (s *suite) prepare(ctx context.Context) (end func(), err error) {
	if s.client, err = newClient(ctx, s.Client, s.load()); err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the module (run this inside it): %w", err)
	}
	s.root = strings.TrimSpace(string(out))
	if s.dir, err = os.MkdirTemp("", "muster-bench"); err != nil {
		return nil, fmt.Errorf("making a directory for the binary: %w", err)
	}
	end = func() {
		if err := os.RemoveAll(s.dir); err != nil {
			s.say("removing temporary files: %v", err)
		}
	}
	s.binary = filepath.Join(s.dir, "muster")
	s.say("building muster")
	build := command(ctx, "go", "build", "-o", s.binary, ".")
	build.Dir = s.root
	if out, err := build.CombinedOutput(); err != nil {
		end()
		return nil, fmt.Errorf("building muster: %w\n%s", err, out)
	}
	return end, nil
}

// load is how long each side is loaded in a round.
func (s *suite) load() time.Duration { return time.Duration(s.Seconds * float64(time.Second)) }

// workers is how many workers a cluster has unless the measurement says
// otherwise.
func (s *suite) workers() int { return cpus.Usable().N }

// say writes a line of progress.
func (s *suite) say(format string, args ...any) {
	fmt.Fprintf(s.progress, "bench: "+format+"\n", args...)
}

// pause waits for d, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
