package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"muster/engine"
	"muster/internal/cli/internal/command"
	"muster/internal/cpus"
	"muster/internal/nodecmd"
	"muster/internal/plural"
)

const (
	defaultAddr  = "127.0.0.1:3000"
	defaultGrace = 5 * time.Second
	defaultKill  = 5 * time.Second
	defaultReady = 30 * time.Second
	defaultStall = 10 * time.Second
)

// Words of --keys and --theme.
var (
	keyMaps = []string{"default", "vim"}
	themes  = []string{"auto", "dark", "light", "none"}
)

// settings are the values of the flags of muster and muster run.
type settings struct {
	run         *nodecmd.Plan // muster run: the workers' program; nil = the built-in worker
	addr        string
	cwd         string        // muster run: the directory; after enterDir that of the workers, "" = ours
	workers     int           // 0 = not given
	note        string        // where the number of workers came from; "" = given, or one for every CPU
	policy      engine.Policy // 0 = not given: the engine asks the environment
	grace       time.Duration
	stopSignal  syscall.Signal // engine.NoStopSignal = none
	stopMessage bool
	kill        time.Duration
	ready       time.Duration
	stall       time.Duration
	stallGiven  bool // --stall was given: it applies under an inspector too
	noRestart   bool
	keep        bool // --keep-children
	workerProcs int  // 0 = not given

	headless, json, plain bool

	yes       bool
	keys      string
	keysShown bool
	ascii     bool // given
	utf8      bool // --ascii=false was
	theme     string
}

// flagGroup is flags that are shown together in the help text.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// groups makes the flags that fill s. The flags for the address and the
// processors are for the built-in worker only: a program decides them itself.
func (s *settings) groups(builtin bool) []flagGroup {
	*s = settings{addr: defaultAddr, grace: defaultGrace, stopSignal: syscall.SIGTERM, kill: defaultKill, ready: defaultReady, stall: defaultStall, keys: keyMaps[0], theme: themes[0]}
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
	cluster.Var(command.Int(&s.workers, 1, engine.MaxWorkers), "workers", "how many, 1 to 256 (default one per CPU this process may use, here "+cpus.Usable().String()+")")
	cluster.Var(policyValue{&s.policy}, "policy", "who gets a connection: the next worker, the first to accept, one the kernel picks, the one with the fewest open, or the one of the client's address (default NODE_CLUSTER_SCHED_POLICY, or rr)")
	cluster.Var(command.Duration(&s.grace), "grace", "for a worker to finish when it is told to leave; then --stop-signal; 0 = no limit")
	cluster.Var(signalValue{&s.stopSignal}, "stop-signal", "to one that leaves and has nothing open any more, or no --grace left: SIGTERM, SIGINT, ..., none")
	cluster.Var(command.Duration(&s.kill), "kill-timeout", "from --stop-signal to SIGKILL, or what is left of --grace if that is more; 0 = no SIGKILL")
	cluster.BoolVar(&s.stopMessage, "stop-message", false, "send the message \"shutdown\", as PM2, to one that is told to leave")
	cluster.Var(command.Duration(&s.ready), "ready-timeout", "for the new worker of a restart to listen; then the old one stays; 0 = no limit")
	cluster.Var(notedValue{command.Duration(&s.stall), &s.stallGiven}, "stall", "kill a worker that does not answer for so long; 0 = never; with --inspect only if given")
	cluster.BoolVar(&s.noRestart, "no-restart", false, "leave dead workers dead, as Node's cluster does")
	cluster.BoolVar(&s.keep, "keep-children", false, "leave alone what a worker has started, when it ends (default: SIGTERM, then SIGKILL after --kill-timeout)")
	if !builtin {
		cluster.Var(dirValue{&s.cwd}, "cwd", "run in it; a link in the path is followed anew for each worker (default $PWD)")
	}
	if builtin {
		cluster.Var(command.Int(&s.workerProcs, 1, engine.MaxWorkers), "worker-procs", "GOMAXPROCS of each worker (default 1: one core's worth)")
	}

	output := set()
	output.BoolVar(&s.headless, "headless", false, "one line per event on stdout")
	output.BoolVar(&s.json, "json", false, "one JSON object per event on stdout")
	output.BoolVar(&s.plain, "plain", false, "the three lines of the classic example program; dead workers stay dead")

	screen := set()
	screen.BoolVar(&s.yes, "yes", false, "never ask before something is cut off")
	screen.Var(wordValue{&s.keys, keyMaps}, "keys", "the key map; vim: j and k move, K kills")
	screen.BoolVar(&s.keysShown, "keys-shown", false, "show the last key pressed, for those who watch")
	screen.VarPF(asciiValue{&s.ascii, &s.utf8}, "ascii", "", "draw with ASCII only (default as the locale and TERM say; --ascii=false: never)").NoOptDefVal = "true"
	screen.Var(wordValue{&s.theme, themes}, "theme", "the colours; NO_COLOR is honoured")

	return []flagGroup{{"The cluster", cluster}, {"Without a screen", output}, {"The screen", screen}}
}

// check checks flags against each other, and fills in what the machine decides.
func (s *settings) check() error {
	if s.json && s.plain {
		return errors.New("--json and --plain exclude each other; give one of them")
	}
	if s.workers == 0 {
		usable := cpus.Usable()
		s.workers = min(usable.N, engine.MaxWorkers)
		if usable.Limit != "" {
			s.note = fmt.Sprintf("%s for %v", plural.Of(s.workers, "worker"), usable)
		}
	}
	return nil
}

// engineOptions is the cluster these settings describe.
func (s *settings) engineOptions() engine.Options {
	o := engine.Options{
		Addr:           s.addr,
		Workers:        s.workers,
		Policy:         s.policy,
		Grace:          s.grace,
		StopSignal:     s.stopSignal,
		KillTimeout:    s.kill,
		ReadyTimeout:   s.ready,
		Stall:          s.stall,
		StallInspected: s.stallGiven,
		NoRestart:      s.noRestart || s.plain,
		KeepChildren:   s.keep,
		Adopt:          engine.AdoptAll, // this process starts nothing else except a load, which starts nothing
		WorkerProcs:    s.workerProcs,
		Note:           s.note,
		Settings:       engine.Settings{Args: []string{}}, // muster's flags are not for the workers
	}
	if s.kill == 0 {
		o.KillTimeout = -1 // in the library 0 means the default
	}
	if s.stopMessage {
		o.StopMessage = json.RawMessage(`"shutdown"`)
	}
	if s.run != nil {
		o.Addr, o.Note = "", joinNotes(s.run.Note, s.note)
		o.Settings.Cwd = s.cwd
		o.Settings.Exec, o.Settings.Args = s.run.Args[0], s.run.Args[1:]
		o.Settings.Env = s.run.Environ(os.Getenv("PATH"))
	}
	return o
}

// joinNotes is all notes that are not empty, as one line.
func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}
