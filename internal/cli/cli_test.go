package cli

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"muster/internal/cli/internal/command"
)

func runWith(args ...string) (code int, stdout, stderr string) {
	out, errs := newOutput(), newOutput()
	a := &app{World: command.World{Stdout: out, Stderr: errs, Getenv: func(string) string { return "" }}}
	code = a.run(args)
	return code, out.String(), errs.String()
}

func TestWrongUsage(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string // in the line on stderr
	}{
		{[]string{"--nosuch"}, "unknown flag --nosuch"},
		{[]string{"-z"}, "unknown shorthand flag"},
		{[]string{"nosuch"}, `unknown command "nosuch"`},
		{[]string{"versoin"}, "did you mean version?"},
		{[]string{"version", "extra"}, "extra"},
		{[]string{"help", "nosuch"}, `unknown command "nosuch"`},
		{[]string{"completion", "nosuch"}, `unknown command "nosuch"`},
		{[]string{"--workers", "0"}, `--workers "0": must be a whole number from 1 to 256`},
		{[]string{"--workers", "-3"}, "from 1 to 256"},
		{[]string{"--workers", "100000"}, "from 1 to 256"},
		{[]string{"--workers", "99999999999999999999"}, "from 1 to 256"},
		{[]string{"--workers", "many"}, "from 1 to 256"},
		{[]string{"--workers"}, "--workers needs a value"},
		{[]string{"--worker-procs", "0"}, "from 1 to 256"},
		{[]string{"--policy", "random"}, "must be rr, shared, spread, least or sticky"},
		{[]string{"--grace", "-1s"}, "must not be negative"},
		{[]string{"--grace", "5"}, "with its unit"},
		{[]string{"--stall", "-1s"}, "must not be negative"},
		{[]string{"--keys", "emacs"}, "must be default or vim"},
		{[]string{"--theme", "pink"}, "must be auto, dark, light or none"},
		{[]string{"--json=perhaps"}, "must be true or false"},
		{[]string{"--ascii=perhaps"}, "must be true or false"},
		{[]string{"--json", "--plain"}, "exclude each other"},
		{[]string{"--addr", "127.0.0.1:99999"}, "--addr"},
		{[]string{"--addr", "nonsense here"}, "--addr"},
		{[]string{"--addr", "abstract:foo"}, "a socket without a file is not served here"},
		{[]string{"--cwd", "/tmp"}, "--cwd is a flag of muster run"},
		{[]string{"run", "--", "node server.js"}, "leave out the quotes: muster run -- node server.js"},
		{[]string{"--policy", "\x1b[2J"}, `\x1b[2J`},
	} {
		code, stdout, stderr := runWith(tc.args...)
		if code != 2 {
			t.Errorf("%q: exit code %d, want 2", tc.args, code)
		}
		if stdout != "" {
			t.Errorf("%q: stdout is %q, want nothing", tc.args, stdout)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "muster: ") || !strings.Contains(stderr, tc.want) {
			t.Errorf("%q: stderr is %q, want one line with %q", tc.args, stderr, tc.want)
		}
		if strings.Contains(stderr, "\x1b") || strings.Contains(stderr, "strconv") {
			t.Errorf("%q: stderr shows what it should not: %q", tc.args, stderr)
		}
	}
}

func TestHelpNamesEveryFlagAndCommand(t *testing.T) {
	code, stdout, stderr := runWith("--help")
	if code != 0 || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	var s settings
	for _, g := range s.groups(true) {
		g.flags.VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(stdout, "--"+f.Name+" ") {
				t.Errorf("the help does not name --%s", f.Name)
			}
		})
	}
	for _, c := range []string{"version", "completion", "Examples:"} {
		if !strings.Contains(stdout, c) {
			t.Errorf("the help does not name %s", c)
		}
	}
	for line := range strings.Lines(stdout) {
		if len(line) > 81 {
			t.Errorf("a line of the help has %d characters: %s", len(line), line)
		}
	}
}

func TestReadmeNamesEveryFlag(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var s settings
	for _, g := range s.groups(true) {
		g.flags.VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(string(readme), "`--"+f.Name) {
				t.Errorf("README.md does not name --%s", f.Name)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := runWith("version")
	if _, flag, _ := runWith("--version"); code != 0 || stdout != flag || !strings.HasPrefix(stdout, "muster version ") {
		t.Errorf("version printed %q (exit code %d), --version %q", stdout, code, flag)
	}
}

func TestCompletionCompletesValues(t *testing.T) {
	_, stdout, _ := runWith("__complete", "--policy", "s")
	if !strings.HasPrefix(stdout, "rr\nshared\n") { // the shell picks those that fit
		t.Errorf("--policy s completes to %q", stdout)
	}
}

func TestDefaults(t *testing.T) {
	var s settings
	s.groups(true)
	s.workers = 3
	if err := s.check(); err != nil {
		t.Fatal(err)
	}
	o := s.engineOptions()
	if o.Addr != "127.0.0.1:3000" || o.Grace != defaultGrace || o.Stall != defaultStall || o.NoRestart || o.Policy != 0 || o.Workers != 3 {
		t.Errorf("the defaults are %+v", o)
	}
	s.plain = true
	if !s.engineOptions().NoRestart {
		t.Error("--plain would fork again")
	}
}

// What is not said is decided by the environment, so it is known apart from no.
func TestASCIIIsGivenOrNot(t *testing.T) {
	for _, tc := range []struct {
		args        []string
		ascii, utf8 bool
	}{
		{nil, false, false},
		{[]string{"--ascii"}, true, false},
		{[]string{"--ascii=true"}, true, false},
		{[]string{"--ascii=false"}, false, true},
		{[]string{"--ascii", "--ascii=false"}, false, true},
	} {
		var s settings
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		for _, g := range s.groups(true) {
			f.AddFlagSet(g.flags)
		}
		if err := f.Parse(tc.args); err != nil {
			t.Fatal(err)
		}
		if o := s.screenOptions(nil); o.ASCII != tc.ascii || o.UTF8 != tc.utf8 {
			t.Errorf("%q: ASCII %t, UTF8 %t", tc.args, o.ASCII, o.UTF8)
		}
	}
}

// noRoom is a full disk.
type noRoom struct{}

func (noRoom) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Help that could not be written was exit code 0 and silence, completions were
// wrong usage.
func TestHelpThatWasNotWrittenWasASuccess(t *testing.T) {
	for _, line := range []string{
		"--help", "help", "help run", "run --help", "load --help", "tour --help", "help version",
		"completion", "completion bash", "completion zsh", "completion fish", "completion bash --help", "--version", "version",
	} {
		errs := newOutput()
		a := &app{World: command.World{Stdout: noRoom{}, Stderr: errs, Getenv: func(string) string { return "" }}}
		code, said := a.run(strings.Fields(line)), errs.String()
		if code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "no space left") || strings.Contains(said, "usage") {
			t.Errorf("%s: exit code %d, stderr %q; want 1 and why", line, code, said)
		}
	}
}

// A time that is too long for its type was said to have no unit; two that are not
// were, in the sum of them, and the stop was over at once.
func TestATimeThatIsTooLongHadNoUnit(t *testing.T) {
	for _, flag := range []string{"--grace", "--kill-timeout", "--ready-timeout", "--stall", "run --grace", "load --duration", "load --timeout", "tour --pause"} {
		for value, want := range map[string]string{
			"300000000h": "is too long: at most 1000000h", "9999999999999999999s": "is too long", "1000000h1ns": "is too long", "1h300000000.5h": "is too long",
			"300000000": "with its unit", "3000000000000000000000": "with its unit", "1d": "with its unit", "": "with its unit", "h": "with its unit", ".h": "with its unit",
			"-300000000h": "must ",
		} {
			code, stdout, stderr := runWith(append(strings.Fields(flag), value, "--nosuch")...) // nothing is started if it is taken
			if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, want) {
				t.Errorf("%s %q: exit code %d, stderr %q, want 2 and %q", flag, value, code, stderr, want)
			}
		}
	}
	var d time.Duration
	if err := command.Duration(&d).Set("1000000h"); err != nil || d+d+time.Hour < d {
		t.Errorf("the longest time: %v, %v", d, err)
	}
}
