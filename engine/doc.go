// Package engine is Node.js's cluster module in Go: a primary process forks
// worker processes that share ports, follows them, and replaces those that die.
// It adds what Node's does not have: the scheduling policy of a live cluster
// can be changed without losing a connection.
//
// # What comes first
//
// The workers are this very program, started again. So main calls Serve or Role
// before anything else: before flags are parsed, a port is opened, a lock taken
// or a file written. Every init function, also of imported packages, runs in
// each worker too.
//
// On Linux one more process is this program, the guard (see Options.NoGuard): main
// never runs in it, nor do the init functions of packages that import os.
//
// One line makes a cluster of a program, with a worker per processor:
//
//	err := engine.Serve(ctx, "127.0.0.1:3000", handler)
//
// # The two sides
//
// A program that needs more than Serve writes out both sides. A primary makes a
// Cluster with New and runs it with Run; a worker listens with Listen and
// serves with ServeHTTP or ServeTLS, or does something else:
//
//	func main() {
//		worker, err := engine.Role()
//		switch {
//		case err != nil:
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(2)
//		case worker:
//			ln, err := engine.Listen("tcp", "127.0.0.1:3000")
//			...
//			err = engine.ServeHTTP(ln, &http.Server{Handler: handler})
//			...
//			return
//		}
//		c, err := engine.New(engine.Options{Grace: 5 * time.Second})
//		...
//		err = c.Run(ctx)
//	}
//
// Options.Settings and SetupPrimary say what the workers run: it may be another
// program that speaks the channel, as every Node program does. A Cluster need
// not be Run: Fork starts it, and Close ends it.
//
// # Node's names
//
//	cluster.isPrimary, isWorker       IsPrimary, IsWorker
//	cluster.worker                    Self, a *Child
//	cluster.fork(env)                 Cluster.Fork
//	cluster.setupPrimary, settings    Cluster.SetupPrimary, Settings
//	cluster.schedulingPolicy          Cluster.SchedulingPolicy, SetSchedulingPolicy
//	cluster.workers                   Cluster.Workers
//	cluster.disconnect(callback)      Cluster.Disconnect
//	cluster.on('exit', ...)           Cluster.OnExit, and OnSetup to OnDisconnect
//	worker.on('exit', ...)            Worker.OnExit, and OnOnline to OnError
//	worker.send, disconnect, kill     Worker.Send, Disconnect, Kill; Child likewise
//	worker.exitedAfterDisconnect      ExitedAfterDisconnect of Worker and Child
//	worker.process                    Worker.Process
//	process.on('message', ...)        Child.OnMessage
//	server.listen(...)                Listen, ListenPacket, ListenFD, ListenConfig
//
// docs/node-parity.md has every member, and what differs. The main differences:
// workers are replaced unless Options.NoRestart is set, a kill by the primary
// counts as voluntary, and what workers write becomes events unless Settings
// say otherwise.
//
// # Who may call what, and what may block
//
// All methods may be called from any goroutine, those of a listener included,
// except Run and Close: they wait for the listeners.
//
// Listeners (On...) of a cluster and its workers are called one at a time, in
// the order of the events, on one goroutine of the cluster. A listener that
// blocks holds up the others, never the cluster. In a worker OnMessage and
// OnDisconnect have a goroutine of their own; a function that blocks there
// holds up the channel in the end.
//
// These block: Run and Close until all is over, Cluster.Disconnect until the
// workers have left, Flush until what was sent is taken, Process's streams
// until there is data or room. PID, Send and Process.Signal wait for the
// process to be there, some milliseconds after the fork. All other calls answer
// as soon as the cluster's loop does, which waits for no worker and no
// listener: Send queues (see Backlog).
//
// The methods of a Worker give its present state: when a listener asks, the
// worker may be further than the event. Snapshots and events are values that
// never change: a slow reader harms nobody, and learns what it has missed.
//
// # Viewers
//
// View is all that a dashboard, the tour or a printer sees of a cluster:
// snapshots, events, a wake-up, commands. Any number of viewers may look at one
// cluster. All these values have a JSON form that keeps every field:
// docs/wire.md.
//
// # Errors
//
// Errors name the worker or the address, and wrap one of the following if a
// program may need to tell them apart: ErrStopped (the cluster ends or has
// ended), ErrNoWorker (no such worker lives), ErrBusy (not now),
// ErrChannelClosed (a message that cannot arrive), ErrTooLong (a message of
// more than 16 MiB), ErrBudget (a worker's channel was ended for what it sent),
// ErrHandle (not what a channel can carry), ErrNotWorker (only a worker can),
// ErrLeftBehind (the cluster has ended, and not all of it), ErrBadRequest (the
// request names something that does not exist), ErrPolicyFixed (the policy
// cannot be changed), *AddrError (an address that cannot be had; it wraps the
// errno), and net.ErrClosed (a listener whose worker leaves). A WireError gives
// a program in another process the same: docs/wire.md.
//
// # What holds
//
//   - Only requests that a dead worker had taken can fail. A connection that was
//     handed to it and that it had not taken goes to another worker, once it is
//     certain that the first cannot wake up and take it.
//   - A connection has exactly one owner: the kernel's queue, the primary's
//     queue, a hand-off, or a worker.
//   - No worker outlives Run. After kill -9 of the primary no worker lives a second
//     later on Linux. Elsewhere a worker that never looks at its channel may. If the
//     guard was killed too, or there is none (Options.NoGuard), a worker that has
//     changed its user or has capabilities of its file may live on.
//   - Processes that a worker has started end with it, if they stay in its process
//     group; see Options.Adopt and Options.KeepChildren. After kill -9 of the primary
//     the guard ends them; it knows those that have left the group by their
//     environment. Without a guard they live on.
//   - With Options.Stall a worker that listens and does not answer is killed and
//     replaced, in every policy, whether connections wait for it or not.
//   - Restarts are bounded for each slot: at once after a second of listening,
//     otherwise later and later, and after five deaths in a row the slot stops.
//   - A slot has two processes at most: one that leaves and one that comes. A third
//     is forked only when one of them has ended (Row.WaitsFor), and a restart is
//     refused until then. So a cluster has at most twice as many workers as slots.
//     Fork takes a slot without a process, or makes one more.
//   - A restart never takes the old worker away before the new one listens on all
//     addresses of the old one. If it does not, the restart is taken back.
//   - Connections at an address without a worker wait for the next worker. If none
//     will come (the slot gave up; with NoRestart, its worker died; or the workers
//     listen elsewhere), Options.Addr resets them after 5 s, and any other address
//     is closed then.
//   - A worker that leaves gets no new connection, and answers the requests on its
//     connections with `Connection: close`. A kept connection has up to 5 s for one
//     more request, 1 s if no other worker stays; then the worker says that it ends,
//     and reads on for a moment. Sessions of HTTP/2 get GOAWAY.
//   - Run ends: after Options.Grace, if it is not 0, workers get SIGTERM, then
//     SIGKILL. Options.StopSignal is for workers that have nothing open before. A
//     stop has a bound of its own, two seconds after these. What is left then is
//     left behind, with an error event and ErrLeftBehind: a process that SIGKILL
//     does not end (a hung disk, a tracer), a listener that hangs. Close takes five
//     seconds at most.
//   - Memory and descriptors for what workers send, for events, output and queues
//     are bounded by constants: docs/reliability.md has all of them.
//   - Every descriptor of the primary is close-on-exec. A worker gets 0, 1, 2
//     and its channel.
//
// Events of one worker come in the order fork, online, listening (once for each
// server), disconnect, exit; all except listening come once. Texts from workers
// are valid UTF-8 of at most 4 KiB, but not safe for a terminal.
//
// One goroutine, the loop, owns everything that is known about the cluster. The
// rules it follows (which worker gets a connection, what happens to a worker,
// when to restart) are pure functions: life.go, verdict.go, internal/deal. The
// loop does not wait for anything that can hang (a name server, a file system,
// the system's lists of sockets): that is asked aside, see asides.go. No answer
// after 10 s is an error that wraps ETIMEDOUT.
package engine
