package tour

import (
	"time"

	"muster/engine"
)

// Chapter is steps about one idea.
type Chapter struct {
	Title string
	Steps []Step
}

// Step is one thing that happens to the cluster.
type Step struct {
	Name string // a few words, for a list of what went wrong
	Say  string // the one sentence that is shown
	// Call is the API call or command the step stands for. "{worker}" and
	// "{pid}" stand for the id and pid of the step's worker, see Shown.
	Call string
	From From // the cluster it starts from
	// Traffic runs from before the step acts until a step with another one.
	Traffic Traffic
	// Causes are the events the step has to cause, whatever else comes.
	Causes []engine.Kind
	// MayFail: requests may fail here. In any other step a failed request is
	// trouble.
	MayFail bool

	pick  func(*engine.Snapshot) int    // the worker it is about; nil = the first that listens
	bar   func(*engine.Snapshot) string // why this cluster cannot do the step, which is then only described; "" = it can; nil = any cluster can
	act   func(*scene) error            // nil = the step only shows something
	fact  func(*scene) string           // what to look at now, "" = nothing yet; nil = nothing
	done  func(*scene) bool             // what must have happened besides Causes; nil = nothing else
	limit time.Duration                 // how long act and done may take; 0 = stepLimit
}

// stepLimit is how long a step may take. Starting a process takes 20 ms on a
// quiet machine; a busy one may be fifty times slower.
const stepLimit = 10 * time.Second

// From is the cluster a step starts from.
type From struct {
	Workers int           // how many listen; more do no harm, except in the first step of a chapter
	Policy  engine.Policy // 0 = rr
	// Exec and Args are set for later forks if they differ from what the
	// cluster was made with.
	Exec string
	Args []string
}

// Traffic is the requests that are sent while a step runs. The zero value sends
// none.
type Traffic struct {
	Path      string
	Clients   int           // each with one request at a time
	Think     time.Duration // a client's pause between an answer and its next request
	KeepAlive bool          // a client keeps its connection, as a browser does
	// Heavy is the path of one more client, which neither thinks nor counts: its
	// answers are in no figure. "" = there is none.
	Heavy string
}

// Script is the whole tour for a cluster that grows to this many workers, at
// least 2.
func Script(workers int) []Chapter {
	workers = max(workers, 2)
	return []Chapter{
		oneCore(workers),
		forkPerCore(workers),
		connections(workers),
		spread(workers),
		accidents(workers),
		voluntary(workers),
		messages(workers),
		settings(workers),
		policies(workers),
		theEnd(workers),
	}
}

// LeastWorkers is how many workers the tour needs to show anything about a
// cluster.
const LeastWorkers = 2
