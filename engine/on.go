package engine

// The listeners of a cluster and of its workers. All of them are called in
// order, one at a time, on one goroutine that belongs to the Cluster. For the
// same event a worker's listeners come before the cluster's, as in Node. A
// listener may block (then the others wait for it, the cluster does not) and
// may call every method except Run and Close, which wait for it. A panic in a
// listener ends the process in good order. Each On... returns a function that
// removes the listener; it does not wait for a running call.
//
// The methods of a Worker give its present state, which may be further than the
// event the listener is told of.

// OnSetup hears each call of SetupPrimary, and the one that every Fork makes
// (Node: cluster 'setup').
func (c *Cluster) OnSetup(f func(Settings)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.setup, f, nil)
}

// OnFork hears that a worker has a process (Node: cluster 'fork').
func (c *Cluster) OnFork(f func(*Worker)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.fork, f, nil)
}

// OnOnline hears that a worker runs (Node: cluster 'online').
func (c *Cluster) OnOnline(f func(*Worker)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.online, f, nil)
}

// OnListening hears of each address a worker listens on (Node: cluster
// 'listening').
func (c *Cluster) OnListening(f func(*Worker, ListeningDetail)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.listening, f, nil)
}

// OnMessage hears every message of a worker's program (Node: cluster
// 'message'). The listener must close the handle that came with it; if there
// are several listeners, one of them must. A worker that sends more than the
// listeners take is slowed. It is not slowed if the listeners take nothing for
// a second, or if the worker leaves connections unanswered meanwhile: then
// 16,384 of its messages may wait, with 64 MiB or 256 handles; more are
// dropped, with an error event.
func (c *Cluster) OnMessage(f func(*Worker, Message)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.message, f, nil)
}

// OnDisconnect hears that a worker's channel has ended, whatever the reason
// (Node: cluster 'disconnect').
func (c *Cluster) OnDisconnect(f func(*Worker, DisconnectDetail)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.disconnect, f, nil)
}

// OnExit hears that a worker's process has ended (Node: cluster 'exit'). The
// worker is no longer in Workers.
func (c *Cluster) OnExit(f func(*Worker, ExitDetail)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.exit, f, nil)
}

// The listeners of a worker also hear what happened before they were added:
// Fork has returned by then, and the worker may be quick. Listeners added after
// the cluster's end are never called; Done and Process still answer.

// OnOnline is Node's worker 'online'.
func (w *Worker) OnOnline(f func()) (remove func()) {
	return add(w.dispatcher, &w.listeners.online, f, func(f func()) {
		pastOf(w, func(OnlineDetail) { f() })
	})
}

// OnListening is Node's worker 'listening', once for each address. A late listener
// hears of the last 256.
func (w *Worker) OnListening(f func(ListeningDetail)) (remove func()) {
	return add(w.dispatcher, &w.listeners.listening, f, func(f func(ListeningDetail)) { pastOf(w, f) })
}

// OnMessage is Node's worker 'message'. See Cluster.OnMessage. Messages nobody
// has listened for, at most 64 with 4 MiB and none with a handle, wait for the
// first listener of the worker.
func (w *Worker) OnMessage(f func(Message)) (remove func()) {
	return add(w.dispatcher, &w.listeners.message, f, func(f func(Message)) {
		for _, m := range w.listeners.takeUnheard() {
			f(m)
		}
	})
}

// OnDisconnect is Node's worker 'disconnect'.
func (w *Worker) OnDisconnect(f func(DisconnectDetail)) (remove func()) {
	return add(w.dispatcher, &w.listeners.disconnect, f, func(f func(DisconnectDetail)) { pastOf(w, f) })
}

// OnExit is Node's worker 'exit'.
func (w *Worker) OnExit(f func(ExitDetail)) (remove func()) {
	return add(w.dispatcher, &w.listeners.exit, f, func(f func(ExitDetail)) { pastOf(w, f) })
}

// OnError is Node's worker 'error': its process could not be started, its
// channel has failed, or a message it sent was refused (ErrTooLong). A failed
// call returns its error itself.
func (w *Worker) OnError(f func(error)) (remove func()) {
	return add(w.dispatcher, &w.listeners.failed, f, func(f func(error)) {
		for _, err := range w.listeners.errs {
			f(err)
		}
	})
}
