package engine

import (
	"time"

	"github.com/shirou/gopsutil/v3/process"
)

// observer keeps what the samples say of the whole: how many there were, this
// process's own usage, and the rate of all workers that tell. It is the loop's,
// except its sampler, which the one look under way has.
type observer struct {
	sampler sampler
	looking bool
	at      time.Time // of the last sample
	tick    uint64    // samples so far
	self    usage
	reqRate *float64 // requests answered in a second by all that tell; nil = nobody does
}

// begin tells whether a look may begin: there is one at a time.
func (o *observer) begin() bool {
	if o.looking {
		return false
	}
	o.looking = true
	if o.sampler.known == nil {
		o.sampler.known = make(map[int]*process.Process)
	}
	return true
}

// took ends a look, and returns the seconds since the one before, 0 if there is
// none.
func (o *observer) took(s samples) (dt float64) {
	if !o.at.IsZero() {
		dt = s.at.Sub(o.at).Seconds()
	}
	o.looking, o.at, o.self = false, s.at, s.self
	o.tick++
	return dt
}

// figures are what the samples say of one worker; nil is not known.
type figures struct {
	cpu     *float64
	mem     *uint64
	open    *int     // connections the kernel knows of, for a worker that does not tell
	reqRate *float64 // requests answered in a second, for one that does
	done    uint64   // of these, at the last sample
}

// take makes them of one sample, dt seconds after the one before (0 = there is
// none). told is what the worker tells, nil = nothing.
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
