package engine

import (
	"encoding/json"
	"log/slog"
	"syscall"
	"time"
)

// Options configures a Cluster. The zero value works: one built-in worker per
// processor this process may use, policy rr, no address until a worker asks.
type Options struct {
	// Addr is an address that is opened before the first fork and stays open
	// until the cluster ends, even without a worker: connections wait for one.
	// They are reset after 5 s only if slots have given up (with NoRestart: if
	// workers have died) or the workers listen elsewhere. "" = none: the
	// workers' own Listen calls open addresses.
	Addr string
	// Workers is how many workers are forked at the start. 0 = one for each
	// processor this process may use (Snapshot.CPUs); negative = none.
	Workers int
	// Policy is the scheduling policy at the start. 0 = what the environment
	// says, as in Node (NODE_CLUSTER_SCHED_POLICY), or SchedRR if it says
	// nothing.
	Policy Policy
	// Settings are what SetupPrimary would set, from the start. Exec "" = this very
	// binary, which must call Role first thing in main; if Args are nil too, the
	// workers get those of this process.
	Settings Settings
	// Note is a line for people about the program, told with the setup event.
	Note string
	// Grace is how long a worker that was told to disconnect, or has lost its
	// channel, may take for its connections. After that it gets StopSignal, and
	// KillTimeout later SIGKILL. 0 = no limit, as in Node.
	//
	// A stop of the cluster is over after Grace, KillTimeout and two seconds
	// more in any case: a second before, everything left is killed, and what
	// SIGKILL does not end is left behind (ErrLeftBehind). If Grace is 0 or
	// KillTimeout negative, workers may live without limit, and the time counts
	// from when no such worker is left.
	Grace time.Duration
	// StopSignal is sent to a worker that leaves, has had nothing open for a
	// second, and still lives, for example because of a timer or a database
	// connection. After the signal it has the rest of Grace, but at least
	// KillTimeout. The number of a worker's connections is known for Go
	// workers, and on Linux for all that use TCP; otherwise the end of its
	// channel counts. 0 = nothing is sent before Grace is over, and then
	// SIGTERM; NoStopSignal = no signal but SIGKILL.
	StopSignal syscall.Signal
	// KillTimeout is the least time between StopSignal and SIGKILL. 0 = one second;
	// negative = no SIGKILL.
	KillTimeout time.Duration
	// StopMessage is a message to the program of each worker, sent just before
	// the worker is told to leave: `"shutdown"` for programs written for PM2's
	// shutdown_with_message. nil = none. It must be JSON.
	StopMessage json.RawMessage
	// ReadyTimeout is how long the new worker of a restart may take to listen
	// (or to say PM2's "ready"). After that the new worker is killed, and the
	// old one stays. 0 = no limit.
	ReadyTimeout time.Duration
	// Stall is how long a worker may leave a hand-off unanswered before it is
	// killed and replaced. In every policy a silent worker that listens is
	// asked once a second, and its answer counts like one to a hand-off: the
	// question finds an event loop of Node, or a whole Go process, that stands
	// still. 0 = for ever, and no worker is asked. A worker in a debugger is
	// not killed: one traced by ptrace(2) (Linux), or one with a Node inspector
	// that was opened by an option, or later while Settings.Stdio make events
	// of its stderr.
	Stall time.Duration
	// StallInspected applies the limit to workers with an inspector too.
	StallInspected bool
	// NoRestart leaves dead workers dead, as Node's cluster does.
	NoRestart bool
	// WorkerProcs is GOMAXPROCS in the built-in workers. 0 = 1: a worker is one
	// core's worth.
	WorkerProcs int
	// KeepChildren leaves a worker's child processes alone when the worker
	// ends. By default they get SIGTERM, and SIGKILL if they still live after
	// KillTimeout (five seconds if KillTimeout is negative, so that the end of
	// a cluster does not wait for ever).
	KeepChildren bool
	// Adopt says what happens to a worker's child processes that left its
	// process group. It changes a system setting of this whole process, so the
	// default is not to adopt.
	Adopt Adoption
	// NoGuard starts no guard. On Linux the guard is a small process, this
	// program started again but without its main. When this process was killed
	// with SIGKILL the guard ends the workers, and their child processes as
	// Adopt and KeepChildren say. The kernel itself ends most workers then, but
	// no worker that changed its user or has capabilities of its file. Process
	// 1 needs no guard.
	NoGuard bool
	// Logger gets every event, errors at Error, accidents at Warn, messages and
	// output at Debug, the rest at Info. It is called on the goroutine of the
	// listeners (see OnExit): a slow logger delays them, and if 1,024 records
	// wait further ones are left out. nil = none.
	Logger *slog.Logger
	// OnPanic is called when a goroutine of the cluster has panicked, with the
	// value and the stack, on that goroutine. When OnPanic returns, every
	// worker is killed and the panic goes on. OnPanic must not call the
	// Cluster, except KillAll. nil = nothing is called.
	OnPanic func(v any, stack []byte)
}

// MaxWorkers is how many workers a cluster has at most.
const MaxWorkers = 256

// spawnsMax bounds the forks under way: each worker may be in a restart.
const spawnsMax = 2 * MaxWorkers
