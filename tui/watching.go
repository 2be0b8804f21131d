package tui

import (
	"sync/atomic"
	"time"
)

const (
	// watchFor is how long single connections are watched for a dashboard that
	// does not ask again, because it has died or stands still.
	watchFor = 15 * time.Second
	// watchAgain is how often the dashboard asks again.
	watchAgain = 5 * time.Second
)

// watchSwitch is the state of watching single connections. One command runs at
// a time: two could overtake each other.
type watchSwitch struct {
	viewer      string // the dashboard's own name among the viewers of the cluster
	on, running bool
	refused     bool        // the last request was refused
	asked       time.Time   // when the last request was made
	ever        atomic.Bool // it was turned on at some time; read by the runner
}
