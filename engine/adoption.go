package engine

// Adoption says which orphans the cluster's process takes care of. Orphans are
// processes that a worker's program has started, that have left the worker's
// process group (setsid(2), Node's detached: true), and whose parent has ended.
// Adoption works on Linux only; elsewhere it has no effect.
type Adoption int

const (
	// AdoptNone leaves the process as it is. A worker's children end with the
	// worker as far as they stay in its process group. In a program that is
	// process 1, which gets every orphan anyway, AdoptNone means AdoptWorkers.
	AdoptNone Adoption = iota
	// AdoptWorkers makes this process a subreaper while the cluster runs
	// (PR_SET_CHILD_SUBREAPER, prctl(2)): orphans become its children. Orphans
	// known to come from a worker, mostly by a variable of their environment,
	// end with that worker; all others are left alone, and reaped when they
	// end. The program still waits itself for processes it starts with os/exec.
	AdoptWorkers
	// AdoptAll is for a program that starts only workers, like the command
	// line: an orphan of unknown origin counts as a worker's too.
	AdoptAll
)
