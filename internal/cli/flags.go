package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"muster/engine"
	"muster/internal/nodecmd"
)

const (
	defaultAddr  = "127.0.0.1:3000"
	defaultGrace = 5 * time.Second
	defaultStall = 10 * time.Second
	maxWorkers   = 256
)

// Words of --keys and --theme.
var (
	keyMaps = []string{"default", "vim"}
	themes  = []string{"auto", "dark", "light", "none"}
)

// settings is what the flags of muster and muster run say.
type settings struct {
	run         *nodecmd.Plan // muster run: the workers' program; nil = the built-in worker
	addr        string
	workers     int           // 0 = not given
	policy      engine.Policy // 0 = not given
	grace       time.Duration
	stall       time.Duration
	noRestart   bool
	workerProcs int // 0 = not given

	headless, json, plain bool

	yes       bool
	keys      string
	keysShown bool
	ascii     bool
	theme     string
}

// flagGroup is flags that are shown together in the help text.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// groups makes the flags that fill s. The address and the processors of the
// built-in worker are not a program's: it decides them itself.
func (s *settings) groups(builtin bool) []flagGroup {
	*s = settings{addr: defaultAddr, grace: defaultGrace, stall: defaultStall, keys: keyMaps[0], theme: themes[0]}
	set := func() *pflag.FlagSet {
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.SortFlags = false
		return f
	}

	// The words after the names are the Type of each value.
	cluster := set()
	if builtin {
		cluster.Var(addrValue{&s.addr}, "addr", "HOST:PORT, :PORT (all interfaces), PORT or unix:PATH")
	}
	cluster.Var(intValue{&s.workers, 1, maxWorkers}, "workers", "how many, 1 to 256 (default one per CPU this process may use)")
	cluster.Var(policyValue{&s.policy}, "policy", "who accepts: the primary, in turn for each worker, or the workers (default NODE_CLUSTER_SCHED_POLICY, or rr)")
	cluster.Var(durationValue{&s.grace}, "grace", "for a worker to finish when it is told to leave; then it is killed; 0 = no limit")
	cluster.Var(durationValue{&s.stall}, "stall", "kill a worker that leaves a hand-off unanswered for so long; 0 = never")
	cluster.BoolVar(&s.noRestart, "no-restart", false, "leave dead workers dead, as Node's cluster does")
	if builtin {
		cluster.Var(intValue{&s.workerProcs, 1, maxWorkers}, "worker-procs", "GOMAXPROCS of each worker (default 1: one core's worth)")
	}

	output := set()
	output.BoolVar(&s.headless, "headless", false, "one line per event on stdout")
	output.BoolVar(&s.json, "json", false, "one JSON object per event on stdout")
	output.BoolVar(&s.plain, "plain", false, "the three lines of the classic example program; dead workers stay dead")

	screen := set()
	screen.BoolVar(&s.yes, "yes", false, "never ask before something is cut off")
	screen.Var(wordValue{&s.keys, keyMaps}, "keys", "the key map; vim: j and k move, K kills")
	screen.BoolVar(&s.keysShown, "keys-shown", false, "show the last key pressed, for those who watch")
	screen.BoolVar(&s.ascii, "ascii", false, "draw with ASCII characters only")
	screen.Var(wordValue{&s.theme, themes}, "theme", "the colours; NO_COLOR is honoured")

	return []flagGroup{{"The cluster", cluster}, {"Without a screen", output}, {"The screen", screen}}
}

// check looks at what single flags cannot see, and fills in what the
// environment and the machine decide.
func (s *settings) check(getenv func(string) string) error {
	if s.json && s.plain {
		return errors.New("--json and --plain exclude each other; give one of them")
	}
	if s.policy == 0 {
		s.policy = policyFromEnv(getenv("NODE_CLUSTER_SCHED_POLICY"))
	}
	if s.workers == 0 {
		s.workers = min(engine.CPUs(), maxWorkers)
	}
	return nil
}

// policyFromEnv reads Node's variable as Node does: exactly rr or none, and
// anything else is the default.
func policyFromEnv(v string) engine.Policy {
	if v == "none" {
		return engine.SchedNone
	}
	return engine.SchedRR
}

// engineOptions is the cluster these settings describe.
func (s *settings) engineOptions() engine.Options {
	o := engine.Options{
		Addr:        s.addr,
		Workers:     s.workers,
		Policy:      s.policy,
		Grace:       s.grace,
		Stall:       s.stall,
		NoRestart:   s.noRestart || s.plain,
		WorkerProcs: s.workerProcs,
		Settings:    engine.Settings{Args: []string{}}, // the flags are not the workers'
	}
	if s.run != nil {
		o.Addr, o.Note = "", s.run.Note
		o.Settings.Exec, o.Settings.Args = s.run.Args[0], s.run.Args[1:]
		if s.run.Path != "" {
			o.Settings.Env = []string{"PATH=" + s.run.Path + string(os.PathListSeparator) + os.Getenv("PATH")}
		}
	}
	return o
}

// flagError says what is wrong with a flag in the words of this program;
// pflag's own name the Go function that failed.
func flagError(_ *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	if errors.As(err, &value) {
		why := value.Unwrap()
		if whole := (*wholeError)(nil); errors.As(why, &whole) {
			return misused(fmt.Errorf("--%s: %w", value.GetFlag().Name, whole.error))
		}
		if value.GetFlag().Value.Type() == "bool" {
			why = errors.New("must be true or false")
		}
		return misused(fmt.Errorf("--%s %q: %w", value.GetFlag().Name, value.GetValue(), why))
	}
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) {
		return misused(fmt.Errorf("--%s needs a value", missing.GetSpecifiedName()))
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		return misused(fmt.Errorf("unknown flag --%s", unknown.GetSpecifiedName()))
	}
	return misused(err)
}
