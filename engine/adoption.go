package engine

// Adoption says which orphans the cluster's process takes care of: processes
// that a worker's program has started and that have left the worker's process
// group (setsid(2), Node's detached: true), when the one that started them has
// ended. All of this is Linux's; elsewhere it means nothing.
type Adoption int

const (
	// AdoptNone leaves the process as it is. What a worker has started ends with
	// it as far as it stays in the worker's process group. In a program that is
	// process 1, to which every orphan comes anyway, it is AdoptWorkers.
	AdoptNone Adoption = iota
	// AdoptWorkers makes this process a subreaper while the cluster runs
	// (PR_SET_CHILD_SUBREAPER, prctl(2)): orphans become its children. Those
	// known to be a worker's, mostly by a variable of their environment, end with
	// it; all others are reaped when they end and otherwise left alone. What this
	// program itself starts with os/exec stays its own to wait for.
	AdoptWorkers
	// AdoptAll is for a program that starts nothing but workers, as the command
	// line does: an orphan nothing else is known of counts as a worker's too.
	AdoptAll
)
