package engine

import "time"

// workerStats is the sum of a worker's reports.
type workerStats struct {
	accepted, closed, done uint64
	tells, full            bool
	latency                *Latency // replaced, never changed: snapshots share it
}

// open is how many connections were open at the last report.
func (s *workerStats) open() int {
	if s.closed > s.accepted {
		return 0
	}
	return int(min(s.accepted-s.closed, 1<<30))
}

// add returns the sum with one more report. Workers are not trusted: a wrong
// report must do no harm.
func (s *workerStats) add(r report) *workerStats {
	n := &workerStats{accepted: r.Accepted, closed: r.Closed, done: r.Done, tells: r.Tells, full: r.Full, latency: &Latency{}}
	if s != nil {
		if r.Done < s.done || r.Accepted < s.accepted || r.Closed < s.closed {
			return s
		}
		n.latency = s.latency
	}
	if len(r.Times) > 0 {
		lat := *n.latency
		longest := lat.max
		for _, t := range r.Times {
			lat.addBucket(t[0], t[1])
		}
		if r.MaxNs > 0 && lat.n > 0 { // the exact value of what buckets know roughly
			lat.max = max(longest, time.Duration(r.MaxNs)) // too large a value becomes negative, which is no maximum
		}
		n.latency = &lat
	}
	return n
}
