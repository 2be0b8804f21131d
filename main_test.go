//go:build !windows

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/internal/testkit"
)

// TestMain lets the test binary be muster: for scripts, which call it by that
// name, and for its workers, which are started as the binary itself.
func TestMain(m *testing.M) {
	if strings.HasPrefix(os.Args[0], "muster: worker") {
		main()
	}
	testscript.Main(testkit.Waiting(m), map[string]func(){"muster": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// A port that another process holds: this one, until the script is over.
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { l.Close() })
			env.Setenv("GORACE", os.Getenv("GORACE")) // a script's environment is its own
			env.Setenv("TAKEN", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
			return loadServers(env)
		},
		Condition: func(cond string) (bool, error) {
			if cond == "ports-privileged" {
				return privilegedPorts(), nil
			}
			return false, errors.New("unknown condition " + cond)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"refused": refused,
		},
	})
}

// refused runs a program that must say what is wrong in exactly one line on
// stderr, nothing on stdout, and exit with the code given: refused 2 muster --x.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refused code program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("something on stdout")
	}
	line, rest, ended := strings.Cut(ts.ReadFile("stderr"), "\n")
	if !ended || rest != "" || !strings.HasPrefix(line, "muster: ") {
		ts.Fatalf("stderr is not one line of muster's")
	}
	if strings.Contains(line, "goroutine") {
		ts.Fatalf("a stack on stderr")
	}
}

// privilegedPorts tells whether this user may not listen on port 80.
func privilegedPorts() bool {
	l, err := net.Listen("tcp", "127.0.0.1:80")
	if err == nil {
		l.Close()
	}
	return errors.Is(err, os.ErrPermission)
}
