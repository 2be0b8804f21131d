package engine

import "context"

// View is a cluster as viewers see it: a dashboard, a printer, the tour.
// *Cluster is the View of a cluster in this process. The tests of
// internal/viewtest say what every View must do.
//
// All methods may be called from any goroutine, before the cluster runs and
// after its end. Snapshot, Events, Settings, Subscribe, Done and Err answer at
// once; Do and SetupPrimary wait for the cluster's answer. Returned values
// never change afterwards, and the caller may keep them. Any number of viewers
// may look at one cluster; a viewer notices another only by its effect on the
// cluster.
//
// A View ends nothing: the cluster's owner does. After Done it keeps returning
// the last state.
type View interface {
	// Snapshot is the newest snapshot; never nil.
	Snapshot() *Snapshot

	// Events returns the events with Seq > after that are still kept, oldest
	// first, and how many events between after and the first one returned are
	// gone.
	Events(after uint64) (ev []Event, lost uint64)

	// Subscribe makes changed receive after new events and new snapshots: at
	// least once after the last, and once for many while nobody receives. Look
	// at the View after subscribing: earlier changes cause no wake-up. cancel
	// ends the subscription; from then on changed is silent, and it is never
	// closed. Canceling twice is no error. A subscriber must cancel, even after
	// Done.
	Subscribe() (changed <-chan struct{}, cancel func())

	// Do carries out one command and answers when it has been acted on, not when
	// its consequences are over. errors.Is tells what the error is.
	Do(ctx context.Context, cmd Command) (Result, error)

	// Settings are what later forks use, SetupPrimary changes them: see Cluster.
	Settings() Settings
	SetupPrimary(s Settings) error

	// Done is closed when no more events or snapshots will come: the cluster
	// has stopped, or cannot be seen any more. Err says why: nil before, and if
	// the cluster has stopped and nothing of it is left.
	Done() <-chan struct{}
	Err() error
}

var _ View = (*Cluster)(nil)
