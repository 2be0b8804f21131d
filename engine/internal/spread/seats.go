// Package spread keeps the account of the listening sockets of which each
// belongs to one worker: which worker has which, which of them the kernel may
// deal to, and when a worker that lets connections wait is to be left out.
//
// What may enter: numbers of workers and sockets, times, and how many
// connections wait. Nothing may enter that knows of a descriptor, a process or a
// message. All is pure: no goroutine, no clock. A Seats belongs to one goroutine.
package spread

import (
	"slices"
	"time"
)

// The rules of leaving a worker out. Each is measured: a queue alone is no sign,
// since on a busy machine every second look finds one.
const (
	// Tick is the least time between two looks, and the time while something may be
	// amiss: see Pace.
	Tick = 50 * time.Millisecond
	// busy and idle are the times between two looks while all workers take what
	// comes, and while nothing waits. A worker that stops is left out at most 100 ms
	// later for it.
	busy = 100 * time.Millisecond
	idle = 130 * time.Millisecond
	// queuedLooks is how many looks in a row must find connections waiting, and
	// none taken in between, before the worker is asked whether it answers.
	queuedLooks = 2
	// askedAgain is how old its last answer must be then.
	askedAgain = 100 * time.Millisecond
	// unansweredFor is how long it may take to answer, if Signs.Patience is less.
	unansweredFor = 100 * time.Millisecond
	// unaskedLooks is how many looks may find connections waiting while the worker
	// cannot even be asked, because its channel is full.
	unaskedLooks = 6
	// LateFor is how long connections may still come to a socket that is dealt to
	// no more: those whose handshake had begun. A client repeats its SYN-ACK's
	// answer for so long (tcp(7), tcp_synack_retries: 5, which is 63 s).
	LateFor = 70 * time.Second
)

// Seats are the sockets of one address.
type Seats struct{ seats []seat }

type seat struct {
	worker int // 0 = parked
	ready  bool
	out    time.Time // left out since then, because it did not answer; zero = it is not
	queued int       // looks in a row that found connections waiting, and none taken since the look before
	moves  bool      // the last look found that it takes connections
	taken  uint64    // of Signs, when connections were last seen to wait
	late   time.Time // until when connections may come that nobody dealt to it
}

// New is n parked sockets.
func New(n int) *Seats { return &Seats{make([]seat, n)} }

// Take gives a worker a parked socket: the one where the most connections wait,
// so that they wait no longer. A worker that has one keeps it. ok is false if
// none is parked.
func (s *Seats) Take(worker int, waiting func(socket int) int) (socket int, ok bool) {
	if i, has := s.Of(worker); has {
		return i, true
	}
	best, most := -1, -1
	for i := range s.seats {
		if s.seats[i].worker != 0 {
			continue
		}
		if n := waiting(i); n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return 0, false
	}
	s.seats[best] = seat{worker: worker, late: s.seats[best].late}
	return best, true
}

// Of is the socket a worker has.
func (s *Seats) Of(worker int) (socket int, ok bool) {
	i := slices.IndexFunc(s.seats, func(x seat) bool { return x.worker == worker })
	return i, i >= 0 && worker != 0
}

// Ready says that the worker's process has its socket, and accepts there.
func (s *Seats) Ready(worker int) {
	if i, ok := s.Of(worker); ok {
		s.seats[i].ready = true
	}
}

// Free parks the socket of a worker that is gone, or has closed its copy.
func (s *Seats) Free(worker int, now time.Time) {
	if i, ok := s.Of(worker); ok {
		s.seats[i] = seat{late: now.Add(LateFor)}
	}
}

// Parked is how many sockets no worker has.
func (s *Seats) Parked() (n int) {
	for i := range s.seats {
		if s.seats[i].worker == 0 {
			n++
		}
	}
	return n
}

// Has tells what a worker has: a socket it accepts at, and whether it is left out
// for now.
func (s *Seats) Has(worker int) (ready, out bool) {
	i, ok := s.Of(worker)
	return ok && s.seats[i].ready, ok && !s.seats[i].out.IsZero()
}

// Stray are the sockets from which the primary takes what waits, because nobody
// else does, or not soon: parked ones to which connections may still come, and those
// of workers that are left out, or that do not serve.
func (s *Seats) Stray(serves func(worker int) bool, now time.Time) (sockets []int) {
	for i := range s.seats {
		switch x := &s.seats[i]; {
		case x.worker == 0:
			if now.Before(x.late) {
				sockets = append(sockets, i)
			}
		case !x.out.IsZero(), !serves(x.worker):
			sockets = append(sockets, i)
		}
	}
	return sockets
}

// Late tells whether connections may still come to a parked socket.
func (s *Seats) Late(now time.Time) bool {
	return slices.ContainsFunc(s.seats, func(x seat) bool { return x.worker == 0 && now.Before(x.late) })
}

// Do is what is to be done about a worker.
type Do int

const (
	Nothing  Do = iota
	Ask         // ask it whether it answers
	LeaveOut    // deal to it no more, and take what waits at its socket
	LetIn       // deal to it again
)

// Signs are the signs of life of a worker.
type Signs struct {
	Since    time.Time // since when it has not answered what it was asked; zero = nothing is unanswered
	Answered time.Time // when it last answered
	Taken    uint64    // connections it has accepted so far, if it tells
	// Patience is how long it may take to answer.
	Patience time.Duration
}

// Look judges a worker by how many connections wait at its socket. What it says is
// to be done: LeaveOut and LetIn are remembered as done. Signs.Taken need only be
// known when connections wait.
func (s *Seats) Look(worker, waiting int, signs Signs, now time.Time) Do {
	i, ok := s.Of(worker)
	if !ok {
		return Nothing
	}
	x := &s.seats[i]
	if !x.out.IsZero() {
		switch {
		case signs.Answered.After(x.out):
			x.out, x.queued = time.Time{}, 0
			return LetIn
		case signs.Since.IsZero():
			return Ask
		}
		return Nothing
	}
	if waiting == 0 {
		x.queued, x.moves = 0, false
		return Nothing
	}
	x.queued++
	if x.moves = x.queued > 1 && signs.Taken != x.taken; x.moves {
		x.queued = 1
	}
	x.taken = signs.Taken
	switch {
	case x.queued < queuedLooks:
		return Nothing
	case !signs.Since.IsZero() && now.Sub(signs.Since) >= max(unansweredFor, signs.Patience),
		signs.Since.IsZero() && x.queued >= unaskedLooks+queuedLooks && now.Sub(signs.Answered) >= max(unaskedLooks*Tick, signs.Patience):
		x.out = now
		return LeaveOut
	case signs.Since.IsZero() && now.Sub(signs.Answered) >= askedAgain:
		return Ask
	}
	return Nothing
}

// Pace is the time until the next look.
func (s *Seats) Pace(now time.Time) time.Duration {
	pace := idle
	for i := range s.seats {
		switch x := &s.seats[i]; {
		case x.worker == 0 && now.Before(x.late), !x.out.IsZero(), x.queued > 0 && !x.moves:
			return Tick
		case x.queued > 0:
			pace = busy
		}
	}
	return pace
}

// Shift moves all times by gap: the primary itself stood still.
func (s *Seats) Shift(gap time.Duration) {
	for i := range s.seats {
		for _, t := range []*time.Time{&s.seats[i].out, &s.seats[i].late} {
			if !t.IsZero() {
				*t = t.Add(gap)
			}
		}
	}
}
