// Package engine is Node.js's cluster module in Go: a primary process forks
// worker processes that share ports, follows them, and replaces those that die.
// It goes where Node's does not: the scheduling policy of a live cluster can be
// changed without losing a connection.
//
// # What comes first
//
// The workers are this very program, started again. So main calls Serve or
// Role before anything else: before flags are parsed, a port is opened, a lock
// taken or a file written. What every init function does, and every package
// that is imported, happens in each worker too.
//
// One line makes a cluster of a program, with a worker per processor:
//
//	err := engine.Serve(ctx, "127.0.0.1:3000", handler)
//
// # The two sides
//
// Whoever wants more than Serve writes both sides out. A primary makes a
// Cluster with New and runs it with Run; a worker listens with Listen and serves
// with ServeHTTP, or does something else altogether:
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
// Options.Settings and SetupPrimary say what the workers run: another program
// that speaks the channel, as every Node program does, will do as well. A
// Cluster need not be Run: Fork starts it, and Close ends it.
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
// docs/node-parity.md has every member, and what differs. Most of all: workers
// are replaced unless Options.NoRestart is set, a kill by the primary counts as
// voluntary, and what workers write becomes events unless Settings say
// otherwise.
//
// # Who may call what, and what may block
//
// All methods may be called from any goroutine, those of a listener included,
// but for Run and Close: they wait for the listeners.
//
// Listeners (On...) of a cluster and its workers are called one at a time, in the
// order of the events, on one goroutine of the cluster. One that blocks holds up
// the others, never the cluster. In a worker OnMessage and OnDisconnect have a
// goroutine of their own; one that blocks there ends up holding up the channel.
//
// These block: Run and Close until all is over, Cluster.Disconnect until the
// workers have left, Flush until what was sent is taken, Process's streams until
// there is data or room. PID, Send and Process.Signal wait for the process to be
// there, some milliseconds after the fork. Everything else answers as soon as
// the cluster's loop does, which waits for no worker and no listener: Send queues
// (see Backlog).
//
// The methods of a Worker answer for now: when a listener asks, the worker may
// have gone further than the event. Snapshots and events are values that never
// change: a slow reader harms nobody, and learns what it has missed.
//
// # Errors
//
// Errors name the worker or the address, and wrap one of these where a program
// may want to know: ErrStopped (the cluster ends or has ended), ErrNoWorker (no
// such worker lives), ErrBusy (not now), ErrChannelClosed (a message that cannot
// arrive), ErrHandle (not what a channel can carry), ErrNotWorker (only a worker
// can), *AddrError (an address that cannot be had; it wraps the errno), and
// net.ErrClosed (a listener whose worker leaves).
//
// # What holds
//
//   - Only requests that a dead worker had taken can fail: a connection it was
//     handed and had not taken goes to another worker, once it is certain that
//     the first cannot wake up and take it.
//   - A connection has exactly one owner: the kernel's queue, the primary's
//     queue, a hand-off, or a worker.
//   - No worker outlives Run. After kill -9 of the primary none lives a second
//     later (on Linux; elsewhere a worker that never looks at its channel may).
//     What workers started themselves is not covered.
//   - Restarts are bounded per slot: at once after a second of listening, else
//     later and later, and after five deaths in a row the slot stops.
//   - A restart of a worker never takes the old one away before the new one listens.
//   - A worker that leaves gets no new connection, and answers the requests on
//     those it has with `Connection: close`.
//   - Run ends: after Options.Grace, if it is not 0, workers get SIGTERM, then
//     SIGKILL.
//   - Memory for events, output and queues is bounded by constants.
//   - Every descriptor of the primary is close-on-exec. A worker gets 0, 1, 2
//     and its channel.
//
// Events of one worker come in the order fork, online, listening (once a
// server), disconnect, exit, each of the others once. Texts from workers are
// valid UTF-8 of at most 4 KiB, but not safe for a terminal.
//
// One goroutine, the loop, owns everything that is known about the cluster. The
// rules it follows (who gets a connection, what a worker becomes, when to
// restart) are pure functions: dealer.go, worker.go, supervise.go.
package engine
