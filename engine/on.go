package engine

// The listeners of a cluster and of its workers. All of them are called in
// order, one at a time, on one goroutine that belongs to the Cluster: a
// worker's before the cluster's of the same event, as in Node. A listener may
// block (the others wait for it then, the cluster does not) and may call every
// method but Run and Close, which wait for it. A panic in one ends the process
// in good order. Each On... returns a function that removes the listener; a
// call that is under way is not waited for.
//
// What a listener learns from the methods of a Worker is how things are now:
// they may have gone further than the event it is told of.

// OnSetup hears each call of SetupPrimary, also the one every Fork makes
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
// 'message'). The handle that came with it is the listener's to close; of
// several listeners one does. A worker that sends more than the listeners take is
// slowed. If they take nothing for a second, or it leaves connections unanswered
// meanwhile, it is not: then 16,384 of its messages may wait, with 64 MiB or 256
// handles; more are dropped, with an error event.
func (c *Cluster) OnMessage(f func(*Worker, Message)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.message, f, nil)
}

// OnDisconnect hears that a worker's channel has ended, whatever the reason
// (Node: cluster 'disconnect').
func (c *Cluster) OnDisconnect(f func(*Worker, DisconnectDetail)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.disconnect, f, nil)
}

// OnExit hears that a worker's process has ended (Node: cluster 'exit'). It is
// not in Workers any more.
func (c *Cluster) OnExit(f func(*Worker, ExitDetail)) (remove func()) {
	return add(c.loop.dispatcher, &c.loop.listeners.exit, f, nil)
}

// The listeners of a worker also hear what has happened before they were
// added: Fork has returned by then, and the worker may be quick. Once the cluster
// has ended nobody calls a listener that is added; Done and Process still answer.

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
// channel has failed, or a message it sent was refused (ErrTooLong). What goes
// wrong in a call is that call's error.
func (w *Worker) OnError(f func(error)) (remove func()) {
	return add(w.dispatcher, &w.listeners.failed, f, func(f func(error)) {
		for _, err := range w.listeners.errs {
			f(err)
		}
	})
}
