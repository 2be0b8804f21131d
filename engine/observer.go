package engine

import (
	"context"
	"time"

	"github.com/shirou/gopsutil/v3/process"

	"muster/engine/internal/sock"
)

// sampler reads CPU and memory. It lives outside the loop, because reading
// /proc of 256 processes takes time; one sample is under way at once.
type sampler struct {
	known map[int]*process.Process // by pid, kept: Percent(0) is the rate since the last call
}

func (s *sampler) look(self int, targets map[int]target, ports map[int]bool, at time.Time) samples {
	r := samples{at: at, self: s.one(self), workers: make(map[int]usage, len(targets)), asked: targets}
	alive := map[int]bool{self: true}
	var inodes map[uint32]bool              // at the cluster's ports; asked for once, and only if necessary
	var listening map[uint32]sock.TCPSocket // likewise
	var err error
	for id, t := range targets {
		u := s.one(t.pid)
		if t.open && len(ports) > 0 {
			if inodes == nil {
				inodes, _ = sock.ConnectionsAt(ports) // on an error they are not known: a dash on the screen
			}
			if n, ok := sock.CountOf(t.pid, inodes); ok && inodes != nil {
				u.open = &n
				u.none = t.news && n == 0 && !heldBelow(t.pid, func(inode uint32) bool { return inodes[inode] })
			}
		}
		if t.own {
			if listening == nil {
				listening, err = sock.TCPSockets(sock.StateListens)
			}
			if own, ok := sock.ListensOf(t.pid, listening); ok && err == nil {
				u.listens = append([]int{}, own...)
			}
		}
		r.workers[id] = u
		alive[t.pid] = true
	}
	for pid := range s.known {
		if !alive[pid] {
			delete(s.known, pid)
		}
	}
	return r
}

// one reads one process. Errors mean: not known (the process has just ended).
func (s *sampler) one(pid int) usage {
	var u usage
	p := s.known[pid]
	fresh := p == nil
	if fresh {
		// Not NewProcess: it checks by a signal whether the process exists. The
		// workers are children and not reaped, so the number cannot be another
		// process's.
		p = &process.Process{Pid: int32(pid)}
		s.known[pid] = p
	}
	cpu, err := p.PercentWithContext(context.Background(), 0)
	if err != nil {
		delete(s.known, pid)
		return u
	}
	if !fresh { // the first call only starts the measurement
		u.cpu = &cpu
	}
	if m, err := p.MemoryInfo(); err == nil && m != nil {
		u.mem = &m.RSS
	}
	return u
}

// sample asks for a look; the answer comes as a message.
func (o *observer) sample() {
	if !o.begin() {
		return
	}
	targets := make(map[int]target, len(o.workers))
	for id, w := range o.workers {
		if w.proc != nil && !w.life.procEnded {
			none := len(w.servers) == 0
			t := target{pid: w.proc.PID, open: w.seen.stats == nil && !none, own: o.rules.early && none}
			t.taken, t.since, t.byHand = w.out.taken, w.out.since, o.ledger.allByHand(w)
			t.news = t.byHand && (t.taken != w.out.base || w.out.accepts)
			targets[id] = t
		}
	}
	ports := o.ledger.clusterPorts()
	self, at := o.pid, o.now()
	o.spawnTask(func() { o.post(msgSampled{o.sampler.look(self, targets, ports, at)}) })
}

// sampled takes in a sample, and counts what was done since the last one.
func (o *observer) sampled(s samples) {
	dt := o.took(s)
	o.pub.touch()
	total, known := 0.0, false
	took := make(map[int]uint64)
	for id, w := range o.workers {
		u := s.workers[id]
		w.seen.figures.take(u, w.seen.stats, dt)
		if w.seen.stats != nil {
			took[id] = w.seen.stats.accepted
		}
		if rate := w.seen.figures.reqRate; rate != nil {
			total, known = total+*rate, true
		}
		if u.open != nil {
			w.opens(*u.open)
		}
		if u.none {
			w.foundNone(s.asked[id])
		}
		if u.listens != nil {
			w.listensAt(u.listens)
		}
	}
	o.tracing.sampled(took, dt)
	o.reqRate = nil
	if known {
		o.reqRate = &total
	}
}

// observer keeps what the samples say of the whole cluster: how many there
// were, this process's own usage, and the rate of all workers that tell. It
// belongs to the loop, except that a sample under way uses the sampler.
type observer struct {
	*common
	ledger  *ledger
	sampler sampler
	looking bool
	at      time.Time // of the last sample
	tick    uint64    // samples so far
	self    usage
	reqRate *float64 // requests answered in a second by all workers that tell; nil = no worker tells
}

// begin tells whether a sample may begin: there is one at a time.
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

// took ends a sample, and returns the seconds since the one before, 0 if there
// is none.
func (o *observer) took(s samples) (dt float64) {
	if !o.at.IsZero() {
		dt = s.at.Sub(o.at).Seconds()
	}
	o.looking, o.at, o.self = false, s.at, s.self
	o.tick++
	return dt
}

// show puts what the samples say of the whole cluster into a snapshot.
func (o *observer) show(s *Snapshot) {
	s.Tick, s.ReqRate, s.PrimaryCPU, s.PrimaryMem = o.tick, o.reqRate, o.self.cpu, o.self.mem
}
