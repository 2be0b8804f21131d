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
	// until the cluster ends, also while there is no worker: connections wait
	// for one, except those that a cluster resets after 5 s whose slots have given
	// up (with NoRestart: whose workers have died), or whose workers listen
	// elsewhere. "" = none: the workers' own Listen calls open addresses.
	Addr string
	// Workers is how many are forked at the start. 0 = one for each processor
	// this process may use (Snapshot.CPUs); negative = none.
	Workers int
	// Policy is the scheduling policy at the start. 0 = what the environment says, as
	// in Node (NODE_CLUSTER_SCHED_POLICY), or else SchedRR.
	Policy Policy
	// Settings are what SetupPrimary would set, from the start. Exec "" = this very
	// binary, which must call Role first thing in main; if Args are nil too, the
	// workers get those of this process.
	Settings Settings
	// Note is a line for people about the program, told with the setup event.
	Note string
	// Grace is how long a worker that was told to disconnect, or has lost its
	// channel, may take for its connections. After it: StopSignal, and KillTimeout
	// later SIGKILL. 0 = no limit, as in Node.
	//
	// A stop of the cluster is over after Grace, KillTimeout and two seconds more,
	// whatever lives then: what is left is killed a second before, and what SIGKILL
	// does not end is left behind (ErrLeftBehind). If Grace is 0 or KillTimeout
	// negative, that holds from when no worker is left that they let live.
	Grace time.Duration
	// StopSignal is sent to a worker that leaves, has had nothing open for a
	// second, and still lives: a timer, say, or a database connection keeps it. The
	// rest of Grace, but KillTimeout at least, is its own then. How many
	// connections a worker has is known of Go workers, and on Linux of all that
	// use TCP; elsewhere the end of its channel counts. 0 = nothing is sent before
	// Grace is over, and then SIGTERM; NoStopSignal = no signal but SIGKILL.
	StopSignal syscall.Signal
	// KillTimeout is the least time between StopSignal and SIGKILL. 0 = one second;
	// negative = no SIGKILL.
	KillTimeout time.Duration
	// StopMessage is a message to the program of each worker that is told to
	// leave, just before it is: `"shutdown"` for programs written for PM2's
	// shutdown_with_message. nil = none. It must be JSON.
	StopMessage json.RawMessage
	// ReadyTimeout is how long the new worker of a restart may take to listen (or
	// to say PM2's "ready"). After it the new one is killed, the old one stays.
	// 0 = no limit.
	ReadyTimeout time.Duration
	// Stall is how long a worker may leave a hand-off unanswered before it is
	// killed and replaced. One that listens and is heard nothing of is asked, once
	// a second, and an answer to that counts as well, in both policies: what
	// stands still is Node's event loop, or all of a Go process. 0 = for ever, and
	// nobody is asked. One in a debugger is not killed: traced
	// by ptrace(2) (Linux), or with an inspector of Node's that was opened by an
	// option, or later while Settings.Stdio make events of its stderr.
	Stall time.Duration
	// StallInspected has the limit hold for workers with an inspector too.
	StallInspected bool
	// NoRestart leaves dead workers dead, as Node's cluster does.
	NoRestart bool
	// WorkerProcs is GOMAXPROCS in the built-in workers. 0 = 1: a worker is one
	// core's worth.
	WorkerProcs int
	// KeepChildren leaves alone what a worker has started, when it ends: by default
	// it gets SIGTERM, and SIGKILL if it is still there after KillTimeout, or five
	// seconds if that is none: the end of a cluster does not wait for ever.
	KeepChildren bool
	// Adopt says what happens to those of them that left the worker's process
	// group. It changes what this whole process is to the system, so it is not
	// done unless it is asked for.
	Adopt Adoption
	// NoGuard has no guard: on Linux a small process, this program started again
	// but without its main, that ends the workers, and what they have started as far
	// as Adopt and KeepChildren mean it, when this process was killed with SIGKILL.
	// The kernel does that for most workers, except none that changed its user or
	// has capabilities of its file. Process 1 needs none.
	NoGuard bool
	// Logger gets every event, errors at Error, accidents at Warn, messages and
	// output at Debug, the rest at Info. It is called where listeners are (see
	// OnExit): a slow one delays them, and if 1,024 records wait more are left out. nil = none.
	Logger *slog.Logger
	// OnPanic is called when a goroutine of the cluster has panicked, with the
	// value and the stack, on that goroutine. When it returns, every worker is
	// killed and the panic goes on. It must not call the Cluster, except
	// KillAll. nil = nothing is called.
	OnPanic func(v any, stack []byte)
}

// MaxWorkers is how many workers a cluster has at most.
const MaxWorkers = 256

// spawnsMax bounds the forks under way: each worker may be in a restart.
const spawnsMax = 2 * MaxWorkers
