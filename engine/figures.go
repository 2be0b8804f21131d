package engine

import "time"

// figures are what the samples say of one worker; nil is not known.
type figures struct {
	cpu     *float64
	mem     *uint64
	open    *int     // connections the kernel knows of, for a worker that does not tell
	reqRate *float64 // requests answered in a second, for a worker that tells
	done    uint64   // requests answered by the last sample
}

// take computes the figures from one sample, dt seconds after the one before (0
// = there is none). told is what the worker tells, nil = nothing.
func (f *figures) take(u usage, told *workerStats, dt float64) {
	f.cpu, f.mem, f.open, f.reqRate = u.cpu, u.mem, u.open, nil
	if told == nil {
		return
	}
	if dt > 0 {
		rate := float64(told.done-f.done) / dt
		f.reqRate = &rate
	}
	f.done = told.done
}

// usage is what the system says of a process; nil is not known.
type usage struct {
	cpu  *float64 // percent of one core since the last sample
	mem  *uint64  // bytes resident
	open *int     // connections at the cluster's ports, if asked for
	none bool     // neither it nor a process it has started has a connection

	listens []int // ports it listens at, if asked for; nil = not known
}

// target is a worker process to sample.
type target struct {
	pid  int
	open bool // count its connections: it does not tell them itself
	own  bool // find out where it listens: it has no server of the cluster
	// What was known of its connections when the sample was asked for: see
	// outlook.
	taken  uint64
	since  int
	byHand bool
	news   bool // finding none would be new
}

// samples is one sample of all workers and the primary.
type samples struct {
	at      time.Time
	self    usage
	workers map[int]usage // by worker id
	asked   map[int]target
}
