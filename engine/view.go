package engine

import "context"

// View is a cluster as those who look at it have it: a dashboard, a printer, the
// tour. *Cluster is one, of the cluster in this process. The tests of
// internal/viewtest say what every View has to do.
//
// All methods may be called from any goroutine, before the cluster runs and after
// its end. Snapshot, Events, Settings, Subscribe, Done and Err answer at once; Do
// and SetupPrimary wait for the cluster's answer. What they return never changes
// afterwards, and is the caller's to keep. Any number of viewers may look at one
// cluster; none sees what another does except what it does to the cluster.
//
// A View ends nothing: who runs the cluster does. After Done it says for ever what
// was last.
type View interface {
	// Snapshot is the newest picture; never nil.
	Snapshot() *Snapshot

	// Events returns the events with Seq > after that are still kept, oldest
	// first, and how many between after and the first one returned are gone.
	Events(after uint64) (ev []Event, lost uint64)

	// Subscribe has changed receive after new events and new pictures: at least
	// once after the last, and once for many while nobody receives. Look after you
	// have subscribed: what was before is not told. cancel ends it; changed is
	// silent from then on, and never closed. Canceling twice is no error. Whoever
	// subscribes has to cancel, also after Done.
	Subscribe() (changed <-chan struct{}, cancel func())

	// Do carries out one command and answers when it has been acted on, not when
	// its consequences are over. errors.Is tells what the error is.
	Do(ctx context.Context, cmd Command) (Result, error)

	// Settings are what later forks use, SetupPrimary changes them: see Cluster.
	Settings() Settings
	SetupPrimary(s Settings) error

	// Done is closed when no event and no picture comes any more: the cluster has
	// stopped, or is out of sight for ever. Err says why: nil before, and if the
	// cluster has stopped and nothing of it is left.
	Done() <-chan struct{}
	Err() error
}

var _ View = (*Cluster)(nil)
