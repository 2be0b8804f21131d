package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// Worker is a live worker as the primary sees it (Node: the Worker objects of
// cluster.workers and of the events). Its methods may be called from any
// goroutine and after its end; they give its present state.
type Worker struct {
	box        *mailbox
	dispatcher *dispatcher
	id, slot   int
	process    Process
	listeners  workerListeners
	state      atomic.Pointer[workerState]
	ch         atomic.Pointer[channel]
	done       chan struct{} // closed at its exit
}

// workerState is what the loop knows of a worker, for its methods. A new one is
// made for each change.
type workerState struct {
	State
	connected, dead bool
	voluntary       tri
}

// ID is its id: 1, 2, 3, in the order of forks, never used again (Node:
// worker.id).
func (w *Worker) ID() int { return w.id }

// Slot is its place in the cluster, from 0: a replacement has the slot of the
// worker it replaces.
func (w *Worker) Slot() int { return w.slot }

// State is where it is in its life (Node: worker.state, undocumented).
func (w *Worker) State() State { return w.state.Load().State }

// Process is its process (Node: worker.process).
func (w *Worker) Process() *Process { return &w.process }

// IsConnected tells whether its channel is open: from the fork on until its
// 'disconnect' (Node: worker.isConnected()).
func (w *Worker) IsConnected() bool { return w.state.Load().connected }

// IsDead tells whether its process has ended (Node: worker.isDead()).
func (w *Worker) IsDead() bool { return w.state.Load().dead }

// ExitedAfterDisconnect is true if it leaves, or left, because it was asked to:
// Disconnect from either side, Kill, the end of the cluster. Before that it is
// not known; after an accident it is false (Node: worker.exitedAfterDisconnect,
// undefined, true, false).
func (w *Worker) ExitedAfterDisconnect() (voluntary, known bool) {
	v := w.state.Load().voluntary
	return v == yes, v != unset
}

// Done is closed when it has exited: its 'exit' is due, and it is no longer in
// Workers.
func (w *Worker) Done() <-chan struct{} { return w.done }

// Send sends a message to its program: any value that JSON can carry; a
// json.RawMessage goes as it is (Node: worker.send(message)). It never waits
// for the worker: see Backlog. Errors: ErrChannelClosed, ErrTooLong for one of
// more than 16 MiB, or why the message has no JSON form; they name the worker.
func (w *Worker) Send(message any) error { return w.SendHandle(message, nil) }

// SendHandle is Send with a connection, a listening socket or a UDP socket (see
// NewHandle), of which the worker gets a copy. h still belongs to the caller.
// (Node: worker.send(message, handle), which closes a connection it has sent.)
func (w *Worker) SendHandle(message any, h *Handle) error {
	raw, err := messageJSON(message)
	if err != nil {
		return fmt.Errorf("message to worker %d: %w", w.id, err)
	}
	w.process.wait()
	_, err = w.box.do(context.Background(), Command{Op: OpSend, Worker: w.id, Message: raw, Handle: h})
	if errors.Is(err, ErrNoWorker) || errors.Is(err, ErrStopped) {
		return fmt.Errorf("message to worker %d: %w", w.id, ErrChannelClosed)
	}
	return err
}

// Backlog is how many sent bytes the worker's channel has not taken yet. A
// sender should wait with Flush above 128 KiB, where Node's send returns false;
// above 32 MiB the channel ends.
func (w *Worker) Backlog() int {
	if ch := w.ch.Load(); ch != nil {
		return (*ch).Pending()
	}
	return 0
}

// Flush waits until the backlog is empty. It returns nil, ctx's error, or
// ErrChannelClosed.
func (w *Worker) Flush(ctx context.Context) error {
	w.process.wait()
	ch := w.ch.Load()
	if ch == nil {
		return fmt.Errorf("worker %d: %w", w.id, ErrChannelClosed)
	}
	err := (*ch).Flush(ctx)
	if errors.Is(err, ipc.ErrClosed) {
		err = ErrChannelClosed
	}
	if err != nil {
		return fmt.Errorf("worker %d: %w", w.id, err)
	}
	return nil
}

// Disconnect tells it to finish what it has and leave: its servers close, then
// its channel, then it ends (Node: worker.disconnect()). It returns the worker,
// as in Node, when that is ordered; a worker that is leaving or gone is left
// alone. See Options.Grace for how long it may take.
func (w *Worker) Disconnect() *Worker {
	// The only errors are that it is leaving already, is gone, or leaves with
	// the cluster: all are wanted.
	_, _ = w.box.do(context.Background(), Command{Op: OpDisconnect, Worker: w.id})
	return w
}

// Kill sends it a signal, SIGTERM if sig is 0, and nothing else (Node:
// worker.kill(signal)). Unlike in Node 16 and later the end counts as
// voluntary, unless the signal does not end a process. It is no error if the
// worker is dead.
func (w *Worker) Kill(sig syscall.Signal) error {
	_, err := w.box.do(context.Background(), Command{Op: OpKill, Worker: w.id, Signal: sig})
	if errors.Is(err, ErrNoWorker) {
		return nil
	}
	if errors.Is(err, ErrStopped) { // the cluster is stopping, but the worker may still be killed
		return w.process.Signal(sig)
	}
	return err
}

// Destroy is Kill (Node: worker.destroy, an alias).
func (w *Worker) Destroy(sig syscall.Signal) error { return w.Kill(sig) }

// String is "worker 3".
func (w *Worker) String() string { return fmt.Sprintf("worker %d", w.id) }

// messageJSON is the JSON form of a message.
func messageJSON(v any) (json.RawMessage, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("it has no JSON form: %w", err)
	}
	return raw, nil
}

// apiWorkers are the workers that have not exited, as the API shows them, by id.
// The loop writes it.
type apiWorkers struct {
	mu   sync.Mutex
	byID map[int]*Worker
}

func (v *apiWorkers) set(w *Worker) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.byID[w.id] = w
}

func (v *apiWorkers) remove(w *Worker) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.byID, w.id)
}

func (v *apiWorkers) get(id int) *Worker {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.byID[id]
}

func (v *apiWorkers) all() map[int]*Worker {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.byID)
}

// started says that the process is there, or (p nil) that there will be none.
func (w *Worker) started(p *proc.Process, ch channel, stdin *os.File) {
	w.process.p = p
	if p != nil {
		w.ch.Store(&ch)
		if w.process.stdin != nil {
			w.process.stdin.f = stdin
		}
	} else {
		for _, r := range []*proc.Pipe{w.process.stdout, w.process.stderr} {
			if r != nil {
				r.Close()
			}
		}
	}
	close(w.process.started)
}
