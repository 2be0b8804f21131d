package engine

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"muster/engine/internal/proc"
)

const (
	// The tidier looks now and then, while the workers live, which process each
	// has started, so that it knows a process without the mark (with an
	// environment of its own) when its worker has ended. That may take a
	// thousandth of a processor.
	learnFirst = time.Second
	learnEvery = 5 * time.Second
	learnShare = 1000
	// tidyGiveUp is how long SIGKILL may take: a process in the kernel's hands
	// (a hung disk) does not end, and the cluster must.
	tidyGiveUp = time.Second
	// orphansTold is how many processes an event names.
	orphansTold   = 8
	orphanNameMax = 100 // bytes of a command line
)

// tidier ends processes that workers have left behind, and reaps orphans. Its
// state belongs to its goroutine.
type tidier struct {
	family *family
	limit  time.Duration // between SIGTERM and SIGKILL
	post   func(msg) bool
	left   chan *rest    // workers that have ended; with room, as their exit must not wait for a look
	atOnce chan struct{} // closed: SIGKILL, and no waiting
	finish chan struct{} // closed: all workers have ended; msgTidied is the answer
	quit   chan struct{} // closed at the end

	rests   []*rest
	stray   *rest       // of workers that seemed to leave nothing
	known   map[int]kin // by pid, all processes of the last look
	unknown map[int]uint64
	learn   bool           // a look is due though nothing has happened
	kill    bool           // atOnce
	last    bool           // finish
	lastAt  time.Time      // when
	told    bool           // the answer to it
	blind   bool           // an event said that it cannot look
	ignored map[int]uint64 // given up
}

// rest is the processes one worker has left.
type rest struct {
	w *worker       // nil = several workers
	p *proc.Process // not reaped, so that its group's number is not reused; nil = it is reaped

	since  uint64    // processes started later get no SIGTERM: they may be there to tidy up
	killAt time.Time // SIGKILL
	giveUp time.Time
	termed map[int]uint64 // processes that got SIGTERM: start by pid
	killed map[int]uint64
	any    bool // some process was there
	empty  int  // looks in a row that found nothing
}

// newTidier makes a tidier; run runs it.
func newTidier(f *family, limit time.Duration, post func(msg) bool) *tidier {
	return &tidier{
		family: f, limit: limit, post: post, known: make(map[int]kin), ignored: make(map[int]uint64),
		left: make(chan *rest, spawnsMax), atOnce: make(chan struct{}), finish: make(chan struct{}), quit: make(chan struct{}),
	}
}

func (t *tidier) newRest(w *worker, p *proc.Process, now time.Time) *rest {
	return &rest{
		w: w, p: p, since: bootTicks(), killAt: now.Add(t.limit),
		termed: make(map[int]uint64), killed: make(map[int]uint64),
	}
}

// ended says that a worker's process has ended. The tidier reaps the process,
// at once if its group has no other. Any goroutine may call it while the tidier
// runs.
func (t *tidier) ended(w *worker, p *proc.Process) {
	r := t.newRest(w, p, time.Now())
	alone, err := true, error(nil)
	if !t.family.keep {
		alone, err = t.family.alone(p)
	}
	if err != nil { // the members of the group are not known, so nothing can wait for them
		p.SignalGroup(syscall.SIGKILL)
		alone = true
	}
	if alone {
		t.reap(r)
		if t.family.keep || !t.family.adopting() {
			return
		}
	}
	select {
	case t.left <- r:
	case <-t.quit:
		t.reap(r)
	}
}

func (t *tidier) reap(r *rest) {
	if r.p == nil {
		return
	}
	if err := r.p.Reap(); err != nil {
		t.post(msgFailed{fmt.Sprintf("reaping process %d", r.p.PID), err})
	}
	t.family.procs.Remove(r.p)
	r.p = nil
}

// run is the tidier. It returns when quit is closed.
func (t *tidier) run() {
	var child chan os.Signal // nil = not asked for
	if t.family.adopting() {
		child = make(chan os.Signal, 1)
		signal.Notify(child, syscall.SIGCHLD)
		defer signal.Stop(child)
	}
	t.tidy(child)
}

// tidy is run; child is sent to when a child has ended.
func (t *tidier) tidy(child <-chan os.Signal) {
	atOnce, finish := t.atOnce, t.finish
	var learn *time.Timer
	var learnNow <-chan time.Time
	if t.family.adopting() && !t.family.keep {
		learn = time.NewTimer(learnFirst)
		defer learn.Stop()
		learnNow = learn.C
	}
	again := t.family.adopting() // a look is due though nothing is known to be left: here for orphans that ended before
	var tick <-chan time.Time    // of the look that is due; it stays when something else wakes the tidier
	for {
		// With atOnce: until the answer is given, because a worker that does
		// not die may start more.
		switch due := again || len(t.rests) > 0 || t.stray != nil || t.kill && !t.told; {
		case !due:
			tick = nil
		case tick == nil:
			tick = time.After(tidyEvery)
		}
		select {
		case r := <-t.left:
			t.rests = append(t.rests, r)
		case <-child: // many may come at once: at the tick
			again = true
			continue
		case <-atOnce:
			t.kill, atOnce = true, nil
		case <-finish:
			t.last, finish = true, nil
			t.lastAt = time.Now()
		case <-tick:
			tick = nil
		case <-learnNow:
			began := time.Now()
			t.learn = true
			again = t.round(began) || again
			learn.Reset(max(learnEvery, learnShare*time.Since(began)))
			continue
		case <-t.quit:
			t.takeLeft()
			for _, r := range t.rests {
				t.reap(r)
			}
			return
		}
		t.takeLeft()
		again = t.round(time.Now())
	}
}

// takeLeft takes in all workers that have ended: one look serves them all, and
// the last must be in before the answer to finish.
func (t *tidier) takeLeft() {
	for {
		select {
		case r := <-t.left:
			t.rests = append(t.rests, r)
		default:
			return
		}
	}
}

// round looks once and acts on the result. again = it should look once more
// soon, though nothing is known to be left.
func (t *tidier) round(now time.Time) (again bool) {
	f := t.family
	adopting := f.adopting()
	learn := t.learn
	t.learn = false
	if len(t.rests) > 0 || t.stray != nil || len(t.unknown) > 0 || learn || t.kill && !t.told || adopting && (t.last && !t.told || waitable()) {
		l, err := f.look(t.known)
		if err != nil && !t.blind {
			t.blind = true
			t.post(msgFailed{"looking for what workers have left", err})
		}
		for _, pid := range l.adopted {
			reapAdopted(pid)
			again = true // another orphan may have come meanwhile
		}
		t.known = make(map[int]kin, len(l.kin))
		for _, k := range l.kin {
			t.known[k.pid] = k
		}
		if !f.keep {
			again = t.look(&l, now) || again
		}
	}
	if !t.told && t.over(again, now) {
		t.told = true
		t.post(msgTidied{})
	}
	return again
}

// over tells whether the cluster may end: nothing of its workers is left, or
// what is left (it keeps making processes, or cannot be reaped) has had its
// time.
func (t *tidier) over(again bool, now time.Time) bool {
	late := now.Sub(t.lastAt) > t.limit+2*tidyGiveUp
	return t.last && len(t.rests) == 0 && (late || t.stray == nil && !again)
}

// look assigns each process that was seen to its rest, and takes each rest
// further.
func (t *tidier) look(l *census, now time.Time) (again bool) {
	of := make(map[int][]kin)
	for _, k := range l.kin {
		if start, ok := t.ignored[k.pid]; !ok || start != k.start {
			of[k.worker] = append(of[k.worker], k)
		}
	}
	open := t.rests[:0]
	for _, r := range t.rests {
		mine := of[r.w.id]
		delete(of, r.w.id)
		if t.further(r, mine, now) {
			open = append(open, r)
		}
	}
	clear(t.rests[len(open):])
	t.rests = open

	strays, again := t.strays(l, of)
	if t.stray == nil && len(strays) > 0 {
		t.stray = t.newRest(nil, nil, now)
	}
	if t.stray != nil && !t.further(t.stray, strays, now) {
		t.stray = nil
	}
	return again
}

// strays are the orphans of workers that have ended (in of, or unknown to the
// look); with atOnce also processes that living workers have started outside
// their groups, which are killed with the workers. again = the next look will
// tell more.
func (t *tidier) strays(l *census, of map[int][]kin) (strays []kin, again bool) {
	leads, forking := t.family.procs.Leads()
	oldest := ^uint64(0) // when the oldest living worker was started
	live := make(map[int]bool)
	for pid, id := range leads {
		if t.restOf(id) != nil {
			continue
		}
		live[id] = true
		oldest = min(oldest, l.tab[pid].start) // 0 if the worker came after the look
	}
	for id, ks := range of {
		switch {
		case !live[id] && !forking[id]:
			strays = append(strays, ks...)
		case t.kill:
			for _, k := range ks {
				if leads[k.pgrp] == 0 {
					strays = append(strays, k)
				}
			}
		}
	}
	seen := make(map[int]uint64)
	for _, k := range l.unknown {
		// A living worker cannot have started a process older than itself. And
		// a process this one is just starting is, for an instant, not known as
		// such.
		if start, ok := t.ignored[k.pid]; ok && start == k.start || k.start >= oldest || len(forking) > 0 {
			continue
		}
		if t.unknown[k.pid] == k.start {
			strays = append(strays, k)
		} else {
			again = true
		}
		seen[k.pid] = k.start
	}
	t.unknown = seen
	return strays, again
}

func (t *tidier) restOf(worker int) *rest {
	for _, r := range t.rests {
		if r.w.id == worker {
			return r
		}
	}
	return nil
}

// further takes a rest further; false = it is done with.
func (t *tidier) further(r *rest, ks []kin, now time.Time) bool {
	do := r.next(ks, now, t.kill)
	switch {
	case do.giveUp:
		for _, k := range ks {
			t.ignored[k.pid] = k.start
		}
		t.post(msgFailed{r.of() + " left what SIGKILL does not end: " + strings.Join(commands(ks), ", "), errors.New("it is left alone")})
		fallthrough
	case do.done:
		t.reap(r)
		return false
	case do.sig == 0:
		return true
	}
	d := OrphansDetail{Signal: signalName(do.sig), Count: len(do.tell)}
	for _, k := range do.tell[:min(len(do.tell), orphansTold)] {
		d.Processes = append(d.Processes, Orphan{k.pid, k.command()})
	}
	group := 0
	if r.p != nil {
		group = r.p.PID
		r.p.SignalGroup(do.sig)
		if do.sig == syscall.SIGTERM {
			r.p.SignalGroup(syscall.SIGCONT) // in case one is stopped
		}
	}
	for _, k := range do.to {
		if group != 0 && k.pgrp == group {
			continue // it got the signal through its group
		}
		_ = k.signal(do.sig) // an error: it has gone, or the next look finds it
		if do.sig == syscall.SIGTERM {
			_ = k.signal(syscall.SIGCONT)
		}
	}
	if d.Count > 0 {
		t.post(msgOrphans{r.w, d})
	}
	return true
}

// of says whose rest it is.
func (r *rest) of() string {
	if r.w == nil {
		return "workers that have ended"
	}
	return fmt.Sprintf("worker %d", r.w.id)
}

func commands(ks []kin) []string {
	var out []string
	for _, k := range ks[:min(len(ks), orphansTold)] {
		out = append(out, fmt.Sprintf("%s (pid %d)", k.command(), k.pid))
	}
	return out
}

// nextStep is what is due for a rest. sig 0 = nothing.
type nextStep struct {
	done, giveUp bool
	sig          syscall.Signal
	to, tell     []kin
}

// next decides what is due, by what lives of a rest: SIGTERM once for each
// process, at killAt SIGKILL for all. The rest is done when two looks in a row,
// or the first look, have found nothing.
func (r *rest) next(ks []kin, now time.Time, atOnce bool) (do nextStep) {
	if len(ks) == 0 {
		r.empty++
		do.done = !r.any || r.empty > 1
		return do
	}
	r.any, r.empty = true, 0
	if !atOnce && now.Before(r.killAt) {
		for _, k := range ks {
			if start, ok := r.termed[k.pid]; ok && start == k.start || k.start > r.since {
				continue
			}
			r.termed[k.pid] = k.start
			do.to = append(do.to, k)
		}
		do.tell = do.to
		if len(do.to) > 0 {
			do.sig = syscall.SIGTERM
		}
		return do
	}
	if r.giveUp.IsZero() {
		r.giveUp = now.Add(tidyGiveUp)
	}
	if now.After(r.giveUp) {
		do.giveUp = true
		return do
	}
	do.sig, do.to = syscall.SIGKILL, ks
	for _, k := range ks {
		if start, ok := r.killed[k.pid]; !ok || start != k.start {
			r.killed[k.pid] = k.start
			do.tell = append(do.tell, k)
		}
	}
	return do
}
