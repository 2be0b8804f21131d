package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// settings are the values of the flags.
type settings struct {
	Rounds  int           // of a ratio and of everything else measured in rounds
	Seconds float64       // of load in each round, for each side
	Times   int           // of measurements that time each try: start, replace
	Idle    time.Duration // how long the idle dashboard is watched
	Client  string        // auto, wrk or load
	Verbose bool

	given []string // flags that differ from their default, as written on the command line
}

// parse reads the command line and returns those of all measurements it asks for.
func (s *settings) parse(args []string, all []measurement, help io.Writer) ([]measurement, error) {
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
	case !(s.Seconds >= 0.05 && s.Seconds <= 3600): // in this form NaN is refused too
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
