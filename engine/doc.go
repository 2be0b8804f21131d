// Package engine is Node.js's cluster module in Go: a primary process forks
// worker processes that share ports, follows them, and replaces those that die.
// It goes where Node's does not: the scheduling policy of a live cluster can be
// changed without losing a connection.
//
// # The two sides
//
// A primary makes a Cluster with New and runs it with Run. Its workers are
// other processes: by default this very program, started again. So main must
// ask Role before anything else, and everything an init function does happens
// in every worker too:
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
//		c, err := engine.New(engine.Options{Addr: "127.0.0.1:3000"})
//		...
//		err = c.Run(ctx)
//	}
//
// # Who may call what
//
// All methods of Cluster and Child may be called from any goroutine. Do may
// wait for the loop, never for a worker. Snapshots and events are values that
// never change: a slow reader harms nobody, and learns what it has missed.
//
// One goroutine, the loop of Run, owns everything that is known about the
// cluster. The rules it follows (who gets a connection, what a worker becomes,
// when to restart) are pure functions: dealer.go, worker.go, supervise.go.
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
//   - Restarts are bounded per slot: see record.died.
//   - A restart of a worker never takes the old one away before the new one listens.
//   - A worker that leaves gets no new connection, and answers the requests on
//     those it has with `Connection: close`.
//   - Run ends: after Options.Grace workers get SIGTERM, then SIGKILL.
//   - Memory for events, output and queues is bounded by constants.
//   - Every descriptor of the primary is close-on-exec. A worker gets 0, 1, 2
//     and its channel.
//
// Events of one worker come in the order fork, online, listening (once a
// server), disconnect, exit, each of the others once. Texts from workers are
// valid UTF-8 of at most 4 KiB, but not safe for a terminal.
package engine
