package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"muster/engine"
)

func runWith(args ...string) (code int, stdout, stderr string) {
	out, errs := newOutput(), newOutput()
	a := &app{stdout: out, stderr: errs, getenv: func(string) string { return "" }}
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
		{[]string{"--policy", "random"}, "must be rr or shared"},
		{[]string{"--grace", "-1s"}, "must not be negative"},
		{[]string{"--grace", "5"}, "with its unit"},
		{[]string{"--stall", "-1s"}, "must not be negative"},
		{[]string{"--keys", "emacs"}, "must be default or vim"},
		{[]string{"--theme", "pink"}, "must be auto, dark, light or none"},
		{[]string{"--json=perhaps"}, "must be true or false"},
		{[]string{"--json", "--plain"}, "exclude each other"},
		{[]string{"--addr", "127.0.0.1:99999"}, "--addr"},
		{[]string{"--addr", "nonsense here"}, "--addr"},
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

func TestPolicyFlagBeatsTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		flag engine.Policy
		env  string
		want engine.Policy
	}{
		{0, "", engine.SchedRR},
		{0, "rr", engine.SchedRR},
		{0, "none", engine.SchedNone},
		{0, "shared", engine.SchedRR}, // not Node's word: ignored
		{engine.SchedRR, "none", engine.SchedRR},
	} {
		s := settings{policy: tc.flag, workers: 1}
		if err := s.check(func(string) string { return tc.env }); err != nil {
			t.Fatal(err)
		}
		if s.policy != tc.want {
			t.Errorf("--policy %v with NODE_CLUSTER_SCHED_POLICY=%q: %v, want %v", tc.flag, tc.env, s.policy, tc.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	var s settings
	s.groups(true)
	s.workers = 3
	if err := s.check(func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	o := s.engineOptions()
	if o.Addr != "127.0.0.1:3000" || o.Grace != defaultGrace || o.Stall != defaultStall || o.NoRestart || o.Policy != engine.SchedRR || o.Workers != 3 {
		t.Errorf("the defaults are %+v", o)
	}
	s.plain = true
	if !s.engineOptions().NoRestart {
		t.Error("--plain would fork again")
	}
}
