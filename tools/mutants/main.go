//go:build unix

// Command mutants takes out muster's guards, one at a time, and expects the
// tests that watch them to go red. The guards and their tests stand in
// guards.txt; it works on copies of the module, never on the module itself.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

//go:embed guards.txt
var guardsText string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	only    *regexp.Regexp
	copies  int
	timeout time.Duration
	list    bool
}

func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := flags.String("only", "", "only guards whose whole name this regular expression matches")
	flags.IntVar(&o.copies, "copies", 1, "how many to try at the same time, each in a copy of the module")
	flags.DurationVar(&o.timeout, "timeout", 2*time.Minute, "how long the tests of one guard may take; red if longer")
	flags.BoolVar(&o.list, "list", false, "list the guards and end")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.copies < 1 {
		return o, errors.New("usage: mutants [-only NAME] [-copies N] [-timeout TIME] [-list]")
	}
	if *only != "" {
		o.only, err = regexp.Compile("^(?:" + *only + ")$")
	}
	return o, err
}

// run does what args say. ok is false if a guard can be taken out unseen.
func run(ctx context.Context, args []string, out io.Writer) (ok bool, err error) {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	root, err := moduleRoot()
	if err != nil {
		return false, err
	}
	all, err := parseGuards(guardsText)
	if err == nil {
		err = checkGuards(root, all)
	}
	if err != nil {
		return false, fmt.Errorf("guards.txt: %w", err)
	}
	all = slices.DeleteFunc(all, func(g guard) bool { return o.only != nil && !o.only.MatchString(g.name) })
	if o.list {
		for _, g := range all {
			fmt.Fprintf(out, "%-30s %s\n", g.name, g.what)
		}
		return true, nil
	}
	if len(all) == 0 {
		return false, fmt.Errorf("no guard is called %s: see -list", o.only)
	}
	return tryAll(ctx, root, all, o, out)
}

// tryAll tries all guards in copies of the module at root.
func tryAll(ctx context.Context, root string, all []guard, o options, out io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "m") // short: unix sockets are made below it
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	var benches []*bench
	for i := range min(o.copies, len(all)) {
		b, err := newBench(root, path.Join(dir, strconv.Itoa(i)), o.timeout)
		if err != nil {
			return false, err
		}
		benches = append(benches, b)
	}
	fmt.Fprintf(out, "%d guards; first their tests with nothing taken out\n", len(all))
	if err := benches[0].baseline(ctx, all); err != nil {
		return false, err
	}

	work := make(chan guard, len(all))
	for _, g := range all {
		work <- g
	}
	close(work)
	var mu sync.Mutex
	var results []result
	var wg sync.WaitGroup
	for _, b := range benches {
		wg.Go(func() {
			for g := range work {
				r := b.try(ctx, g)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				results = append(results, r)
				fmt.Fprintf(out, "%-9s %-30s %5.1fs  %s\n", r.verdict(), g.name, r.took.Seconds(), r.by)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	return summary(out, results, time.Since(began)), nil
}

// summary tells how many were found by the directory of the guard, and what was not.
func summary(out io.Writer, results []result, took time.Duration) (ok bool) {
	red, of := make(map[string]int), make(map[string]int)
	var dirs []string
	for _, r := range results {
		dir := path.Dir(r.file)
		if of[dir] == 0 {
			dirs = append(dirs, dir)
		}
		of[dir]++
		if r.red {
			red[dir]++
		}
	}
	slices.Sort(dirs)
	fmt.Fprintf(out, "\n%d guards taken out one at a time, in %v\n", len(results), took.Round(time.Second))
	for _, dir := range dirs {
		fmt.Fprintf(out, "%-24s %3d of %d red\n", dir, red[dir], of[dir])
	}
	ok = true
	for _, r := range results {
		if !r.red {
			ok = false
			fmt.Fprintf(out, "\n%s: %s\n%s (%s)\n%s\n", r.verdict(), r.name, r.what, r.file, r.output)
		}
	}
	return ok
}
