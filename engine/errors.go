package engine

import (
	"errors"

	"muster/ipc"
)

// ErrBadRequest is wrapped by the errors about the request itself: an
// operation, a signal, a policy or a variable that does not exist. The same
// request fails again.
var ErrBadRequest = errors.New("bad request")

// ErrPolicyFixed is wrapped by the error about a policy that cannot be changed;
// Snapshot.PolicyFixed is its text.
var ErrPolicyFixed = errors.New("the policy is fixed")

// ErrStopped is returned by Do when the cluster has stopped or is stopping.
var ErrStopped = errors.New("the cluster is stopping or has stopped")

// ErrNoWorker is returned by Do for a worker that does not live.
var ErrNoWorker = errors.New("no such worker")

// ErrBusy is returned by Do for a command that cannot be carried out just now.
var ErrBusy = errors.New("not now")

// ErrBudget is wrapped by the error of a worker whose channel the primary has
// ended because of what it sent.
var ErrBudget = errors.New("more than a worker may")

// ErrLeftBehind is in the error of Run and Close if a stop has reached its time
// limit (see Options.Grace) and something of the cluster is left: a process
// that SIGKILL does not end, a listener that has not returned.
var ErrLeftBehind = errors.New("something of the cluster is left behind")

// ErrNotWorker is returned by functions that work only in a worker.
var ErrNotWorker = errors.New("this process is not a worker of a cluster")

// ErrChannelClosed is returned for a message to a worker whose channel has
// ended (Node: ERR_IPC_CHANNEL_CLOSED).
var ErrChannelClosed = errors.New("the channel is closed")

// ErrTooLong is wrapped by the error for a message of more than 16 MiB.
var ErrTooLong = ipc.ErrTooLong

// ErrHandle is wrapped by the errors about values that a channel cannot carry,
// and about handles of the wrong kind.
var ErrHandle = errors.New("not a handle a channel can carry")

// refusal is an error that wraps a sentinel without repeating its text.
type refusal struct {
	error
	is error
}

func (r refusal) Unwrap() []error { return []error{r.error, r.is} }

// badRequest makes err an ErrBadRequest; nil stays nil.
func badRequest(err error) error {
	if err == nil {
		return nil
	}
	return refusal{err, ErrBadRequest}
}
