//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one copy of the module, in which guards are taken out.
type bench struct {
	root, temp string
	timeout    time.Duration
	mark       string // in the environment of what tests start
	session    int    // of the last run of go
}

const markEnv = "MUTANTS_BENCH"

func newBench(from, dir string, timeout time.Duration) (*bench, error) {
	b := &bench{root: filepath.Join(dir, "m"), temp: filepath.Join(dir, "t"), timeout: timeout, mark: markEnv + "=" + dir}
	if err := os.MkdirAll(b.temp, 0o700); err != nil {
		return nil, err
	}
	return b, copyModule(from, b.root)
}

// copyModule copies what the tests need: not the history, and no packages of
// npm, which are linked.
func copyModule(from, to string) error {
	return filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		at := filepath.Join(to, rel)
		switch {
		case d.Name() == ".git":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.Name() == "node_modules" && d.IsDir():
			if err := os.Symlink(p, at); err != nil {
				return err
			}
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(at, 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(at, b, info.Mode().Perm())
	})
}

// result is how the tests went when a guard was taken out.
type result struct {
	guard
	red    bool
	broken bool   // it does not build without it: the list is wrong
	by     string // the first test that went red
	took   time.Duration
	output string // of the tests, if none did
}

func (r result) verdict() string {
	switch {
	case r.broken:
		return "NO BUILD"
	case r.red:
		return "red"
	}
	return "SURVIVED"
}

// baseline runs the tests of all guards with nothing taken out.
func (b *bench) baseline(ctx context.Context, all []guard) error {
	var each []tests
	for _, g := range all {
		for _, t := range g.tests {
			i := slices.IndexFunc(each, func(x tests) bool { return x.pkg == t.pkg })
			if i < 0 {
				i = len(each)
				each = append(each, tests{pkg: t.pkg})
			}
			for _, name := range t.names {
				if !slices.Contains(each[i].names, name) {
					each[i].names = append(each[i].names, name)
				}
			}
		}
	}
	for _, t := range each {
		if out, err := b.test(ctx, t, 10*time.Minute); err != nil {
			return fmt.Errorf("with nothing taken out, the tests of %s: %w\n%s", t.pkg, err, out)
		}
	}
	return nil
}

var failLine = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)

// try takes one guard out, and puts it back.
func (b *bench) try(ctx context.Context, g guard) (r result) {
	r.guard = g
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	file := filepath.Join(b.root, g.file)
	was, err := os.ReadFile(file)
	if err == nil {
		var without []byte
		if without, err = g.applied(b.root); err == nil {
			err = os.WriteFile(file, without, 0o600)
		}
	}
	if err != nil {
		r.broken, r.output = true, err.Error()
		return r
	}
	defer os.WriteFile(file, was, 0o600) // if it fails, the next guard's text is not found

	for _, t := range g.tests {
		// A test that builds the program itself would take a failed build for its own
		// failure.
		if dir := "./" + path.Dir(g.file); t.pkg != dir {
			if out, err := b.goRun(ctx, b.timeout+5*time.Minute, "build", "-o", os.DevNull, dir); err != nil {
				r.broken, r.output = true, out
				return r
			}
		}
		out, err := b.test(ctx, t, b.timeout)
		if err == nil {
			r.output += out
			continue
		}
		if strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]") {
			r.broken, r.output = true, out
			return r
		}
		r.red, r.output = true, ""
		switch m := failLine.FindStringSubmatch(out); {
		case strings.Contains(out, "panic: test timed out"):
			r.by = "timed out"
		case m != nil:
			r.by = m[1]
		default:
			r.by = "the test binary of " + t.pkg
		}
		return r
	}
	return r
}

func (b *bench) test(ctx context.Context, t tests, timeout time.Duration) (out string, err error) {
	// Without what a debugger needs it links faster.
	return b.goRun(ctx, timeout+5*time.Minute, "test", "-count=1", "-vet=off", "-ldflags=-w",
		"-timeout="+timeout.String(), "-run="+t.run(), t.pkg)
}

// goRun runs go in the copy, and ends what is left of it.
func (b *bench) goRun(ctx context.Context, limit time.Duration, args ...string) (out string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit) // building counts too, so it is long
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), b.mark, "TMPDIR="+b.temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // what a test has left may hold its output
	text, err := cmd.CombinedOutput()
	if cmd.Process != nil {
		b.session = cmd.Process.Pid
	}
	if errors.Is(err, exec.ErrWaitDelay) { // go itself went well
		err = nil
	}
	b.endLeft()
	return string(text), err
}

// endLeft ends the processes that tests have left, and removes their files. The
// guard that was taken out may be the one that ends them.
func (b *bench) endLeft() {
	for range 100 { // one may be starting another
		pids := b.left()
		if len(pids) == 0 {
			break
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(10 * time.Millisecond) // they are not ours to wait for
	}
	entries, _ := os.ReadDir(b.temp)
	for _, e := range entries {
		_ = os.RemoveAll(filepath.Join(b.temp, e.Name()))
	}
}
