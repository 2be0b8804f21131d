// Package onscreen has the parts that only the command muster can give its
// dashboard: a load that another process sends, and the tour.
package onscreen

import (
	"context"
	"time"

	"muster/engine"
	"muster/internal/load"
)

// Extras are for tui.Options. The zero value is none.
type Extras struct {
	// Load sends the requests of l. nil = this process sends them, which slows
	// the primary that the load measures.
	Load Loader
	// Tour plays on the cluster, in a pane above the log. nil = none. TourEnds
	// stops the cluster when the tour has ended by itself.
	Tour     Tour
	TourEnds bool
}

// Loader sends requests to the cluster while the dashboard shows what becomes
// of them. Only one load runs at a time. Start, SetRate and Stop may wait a
// moment and are never called from Update; the dashboard calls one at a time,
// except Stop. All methods may be called from any goroutine.
type Loader interface {
	// Start begins a load. It is an error if one runs.
	Start(LoadSettings) error
	// SetRate changes the rate of the load that runs, in requests a second.
	SetRate(int) error
	// Stop ends the sending and returns when nothing more is sent, after at most
	// half a second. What is in flight may finish: until then Stats says Running.
	Stop()
	// Stats is the load that runs, or the last one; false = none has run. It
	// never waits.
	Stats() (LoadStats, bool)
	// Changed is a coalesced wake-up: Stats says something new. While a load
	// runs that is so about once a second, and at its end.
	Changed() <-chan struct{}
}

// LoadSettings is what a load sends. Requests are sent at fixed times, whether
// or not the server keeps up.
type LoadSettings struct {
	Addr        string        // "127.0.0.1:3000", "unix:PATH" or "abstract:NAME"
	Path        string        // and query; "" = /
	Rate        int           // requests a second, 1 to 100,000
	Concurrency int           // connections with a request under way at the same time, at most
	KeepAlive   bool          // false: a connection for each request
	Idle        int           // connections that are held open and send nothing
	Slow        int           // clients that send their request byte by byte
	Duration    time.Duration // the load stops by itself after this time
}

// LoadStats is a load as it stands. Its texts may hold anything. Hint is empty
// once something is answered.
type LoadStats struct {
	load.Stats
	Running bool
	Err     string // why it could not go on
}

// Tour is a guided tour that plays on the cluster while its pane stands above
// the log. All methods but Run never wait and may be called from any goroutine.
type Tour interface {
	View() TourView           // as it stands
	Changed() <-chan struct{} // coalesced wake-up
	Next()                    // to the next step
	Back()                    // to the step before
	Reset()                   // to the start of the chapter
	Run(context.Context) error
}

// TourView is a snapshot of a tour. It never changes.
type TourView struct {
	Chapter, Chapters int // from 1
	Title             string
	Step, Steps       int    // from 1
	Say               string // one sentence
	Call              string // the API call it stands for
	Fact              string // what to look at now, "" = nothing
	Load              string // how the requests of the tour stand, "" = none are sent
	Events            []engine.Event
	Waits             bool   // the step is done: it waits for a key
	Trouble           string // why the step did not get there, "" = it did
	Last              bool   // there is no step after it
}
