package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"muster/internal/cpus"
)

// settings is what the flags say.
type settings struct {
	Rounds  int           // of a ratio and of what is measured in rounds
	Seconds float64       // of load in each round, for each side
	Times   int           // of what is timed once a try: start, replace
	Idle    time.Duration // how long the idle dashboard is watched
	Client  string        // auto, wrk or load
	Verbose bool

	given []string // the flags that are not as they are by default, as they are written
}

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

// parse reads the command line and returns the measurements it asks for.
func (s *suite) parse(args []string, help io.Writer) ([]measurement, error) {
	all := s.measurements()
	f := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	f.SortFlags = false
	f.IntVar(&s.Rounds, "rounds", 5, "rounds of each measurement that has rounds")
	f.Float64Var(&s.Seconds, "seconds", 2, "of load a round, for each side")
	f.IntVar(&s.Times, "times", 20, "tries of start and replace")
	f.DurationVar(&s.Idle, "idle", 20*time.Second, "how long dashboard-idle watches")
	f.StringVar(&s.Client, "client", "auto", "auto, wrk, or load, the one of this repository; auto is wrk if there is one and seconds is a whole number")
	f.BoolVar(&s.Verbose, "verbose", false, "print every round")
	f.Usage = func() {
		fmt.Fprintf(help, "Usage:\n  go run ./bench [NAME...] [flags]\n\nMeasurements (all without a name):\n")
		for _, m := range all {
			fmt.Fprintf(help, "  %-16s%s\n", m.name, m.goals[0].what)
		}
		fmt.Fprintf(help, "\nFlags:\n%s", f.FlagUsages())
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	f.Visit(func(flag *pflag.Flag) {
		if flag.Name != "verbose" && flag.Value.String() != flag.DefValue {
			s.given = append(s.given, "--"+flag.Name+" "+flag.Value.String())
		}
	})
	switch {
	case s.Rounds < 1 || s.Times < 1:
		return nil, fmt.Errorf("--rounds and --times must be at least 1")
	case !(s.Seconds >= 0.05 && s.Seconds <= 3600): // so that NaN is none of them
		return nil, fmt.Errorf("--seconds %v: must be from 0.05 to 3600", s.Seconds)
	case s.Idle < 100*time.Millisecond:
		return nil, fmt.Errorf("--idle %v: must be at least 100ms", s.Idle)
	case !slices.Contains([]string{"auto", "wrk", "load"}, s.Client):
		return nil, fmt.Errorf("--client %q: must be auto, wrk or load", s.Client)
	}
	return choose(all, f.Args())
}

// choose returns the named measurements in the order they are named, or all.
func choose(all []measurement, names []string) ([]measurement, error) {
	if len(names) == 0 {
		return all, nil
	}
	var chosen []measurement
	for _, name := range names {
		i := slices.IndexFunc(all, func(m measurement) bool { return m.name == name })
		if i < 0 {
			var known []string
			for _, m := range all {
				known = append(known, m.name)
			}
			return nil, fmt.Errorf("no measurement %q; there are %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
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

// workers is how many a cluster has where the measurement does not say.
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
