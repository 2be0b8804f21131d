package tui

import (
	"sync/atomic"
	"time"
)

const (
	// watchFor is how long single connections are watched for a dashboard that does
	// not ask again: it has died, or stands still.
	watchFor = 15 * time.Second
	// watchAgain is when it asks again.
	watchAgain = 5 * time.Second
)

// watchSwitch is where the watching of single connections stands. One command
// runs at a time: two could overtake each other.
type watchSwitch struct {
	viewer      string // the dashboard's own name among the viewers of the cluster
	on, running bool
	refused     bool        // the last time it was asked for
	asked       time.Time   // when it was last asked for
	ever        atomic.Bool // it was turned on; read by the runner
}
