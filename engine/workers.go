package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

const (
	// exitHold bounds how long an exit waits for the channel's end: something
	// the worker started may still hold it.
	exitHold = time.Second
	// outputHold is how long its pipes are read after its end, likewise.
	outputHold = 100 * time.Millisecond
	// rowKept is how long a voluntary exit stays in the snapshot.
	rowKept = 5 * time.Second
)

// slot is a worker's place. During a restart two workers have one.
type slot struct {
	index   int
	live    []*worker
	last    *worker // the last one that exited; nil once its row is not shown any more
	record  record
	deaths  int    // of the last verdict, for the screen
	due     *timer // its replacement is forked then
	dueAt   time.Time
	stopped bool
	reason  string // the telling line of stderr of last
	lines   int
	row     *timer // ends the row of a voluntary exit

	restarts int
	exitText string // how the last one that died ended
	exitAt   time.Time
}

// free tells whether fork may take the slot.
func (s *slot) free() bool { return len(s.live) == 0 && s.due == nil && !s.stopped }

// worker is one forked worker, from the fork on until both its channel and its
// process have ended.
type worker struct {
	id    int
	slot  *slot
	live  *Worker // what the API shows of it
	by    By
	life  life
	env   []string
	dir   string // "" = the primary's
	early []earlySignal
	proc  *proc     // nil until the process is there
	ch    *ipc.Conn // likewise
	reply chan<- answer[Result]
	errs  *lineReader

	forked, online, listening, ended, changed time.Time

	replaces    int
	replacesWhy string
	deathAt     time.Time // of the one it replaces, if that one died
	restartOf   *worker   // a restart: it leaves when this one listens
	replacedBy  *worker

	servers map[*server]bool // it has their socket
	addrs   []Address
	unacked []handle // handles sent and not acknowledged, oldest first
	reading chan []ipc.Message
	sockets []*socketList
	given   *os.File // a server it was sent and has acknowledged just now; see answerGiven
	ready   bool     // it has sent PM2's "ready"

	dealt, refused uint64
	again, cut     int
	stalled        time.Time
	stats          *workerStats
	handOff        Latency  // time from hand-off to answer
	handOffShown   *Latency // what snapshots share; nil = handOff has changed since
	openSeen       *int     // connections the kernel knows of, for a worker that does not tell
	note           string
	cpu            *float64
	mem            *uint64
	reqRate        *float64
	doneAtTick     uint64

	leaveBy               time.Time
	silent                *timer
	tell, grace, hold, up *timer
	vacated, killed       bool
	exit                  *ExitDetail
	chanErr               error // why the channel ended, if not by its peer's wish
}

// handle is a descriptor on its way to a worker: a hand-off of s, or (s nil)
// something else.
type handle struct {
	s     *server
	seq   int64
	given *os.File // our copy of a server sent to its program
}

func (w *worker) pid() int {
	if w.proc == nil {
		return 0
	}
	return w.proc.pid
}

// step moves the worker's life and carries out what follows.
func (l *loop) step(w *worker, in input) {
	before := w.life.state
	var fx []effect
	w.life, fx = w.life.step(in)
	now := l.now()
	if w.life.state != before {
		w.changed = now
		l.dirty = true
	}
	w.show()
	for _, f := range fx {
		switch f {
		case fxOnline:
			w.online = now
			d := OnlineDetail{Ms: ms(now.Sub(w.forked))}
			d.DeathMs, d.Of = w.sinceDeath(now)
			l.emitFor(w, Event{Kind: KindOnline, By: ByOutside, Call: w.eventCall("online", ""), Detail: d})
		case fxListening:
			w.listening = now
			l.joined(w)
		case fxLeave:
			for s := range w.servers {
				s.dealer.Leave(w.id)
				l.setGateOrSay(s)
			}
		case fxSettle:
			l.settle(w, now)
		case fxHold:
			w.hold = l.timers.at(now.Add(exitHold), func(time.Time) {
				w.ch.Close() // its reader ends and says so
			})
		case fxDisconnect:
			l.disconnected(w, now)
		case fxExit:
			l.exited(w, now)
		}
	}
}

// show lets the API see how the worker's life is now.
func (w *worker) show() {
	w.live.state.Store(&workerState{State: w.life.state, connected: !w.life.chanEnded, dead: w.life.procEnded, voluntary: w.life.voluntary})
}

// eventCall is the cluster event an event stands for.
func (w *worker) eventCall(name, more string) string {
	return fmt.Sprintf("cluster '%s' (worker %d%s)", name, w.id, more)
}

// sinceDeath is how long ago the one it replaces died, in ms.
func (w *worker) sinceDeath(now time.Time) (float64, int) {
	if w.deathAt.IsZero() {
		return 0, 0
	}
	return ms(now.Sub(w.deathAt)), w.replaces
}

// read takes in what one read of a worker's channel brought.
func (l *loop) read(w *worker, msgs []ipc.Message, now time.Time) {
	answers := false
	for i := range msgs {
		m := &msgs[i]
		if m.Handle != "" {
			// At once: a worker that waits for it stays silent for good.
			if m.Missing {
				_ = w.ch.Send(ipc.AppendNack(nil), -1)
				continue
			}
			_ = w.ch.Send(ipc.AppendAck(nil), -1)
		}
		switch m.Kind {
		case ipc.Ack, ipc.Nack:
			if len(w.unacked) == 0 {
				l.tot.odd++
				continue
			}
			h := w.unacked[0]
			w.unacked = w.unacked[1:]
			w.keepGiven(h.given)
			if m.Kind == ipc.Nack {
				w.keepGiven(nil)
				l.nacked(w, h, now)
				answers = true
			}
			continue
		case ipc.Cluster:
			if m.Cluster.HasAck && m.Cluster.HasAccepted {
				l.answered(w, m.Cluster.Ack, m.Cluster.Accepted, now)
				answers = true
				continue
			}
			l.clusterMessage(w, m)
		case ipc.Muster:
			l.reported(w, m.Raw)
		case ipc.User:
			l.userMessage(w, m)
		case ipc.OtherInternal:
			l.otherInternal(w, m)
		}
		if m.FD >= 0 { // a handle nobody knows what to do with
			_ = unix.Close(m.FD)
			m.FD = -1
		}
		w.keepGiven(nil)
	}
	if answers {
		for s := range w.servers {
			l.deal(s, now)
		}
	}
	clear(msgs)
	select {
	case w.reading <- msgs[:0]:
	default:
	}
}

// clusterMessage takes in one of Node's cluster messages that is no answer.
func (l *loop) clusterMessage(w *worker, m *ipc.Message) {
	switch m.Cluster.Act {
	case "online":
		l.step(w, inOnline)
	case "queryServer":
		l.queried(w, &m.Cluster)
	case "listening":
		l.listens(w, &m.Cluster)
	case "close":
		for s := range w.servers {
			if s.key == m.Cluster.Key {
				s.dealer.Leave(w.id)
				if i := slices.Index(w.addrs, s.port.addr); i >= 0 && !s.users[w] {
					w.addrs = slices.Delete(w.addrs, i, i+1)
				}
				l.released(w, s)
				l.closeUnused(w, s)
			}
		}
	case "exitedAfterDisconnect":
		if !w.life.leaving {
			l.emitFor(w, Event{Kind: KindLeave, By: ByOutside, Call: "cluster.worker.disconnect()", Detail: LeaveDetail{}})
		}
		l.step(w, inAnnounce)
		l.send(w, ipc.AckReply{Ack: m.Cluster.Seq, Seq: l.nextSeq()})
	}
}

func (l *loop) nextSeq() int64 {
	l.seq++
	return l.seq - 1
}

// send sends a cluster message. A channel that cannot take it is ended by ipc,
// and its reader says so.
func (l *loop) send(w *worker, v any) {
	line, err := ipc.AppendJSON(nil, v)
	if err == nil {
		err = w.ch.Send(line, -1)
	}
	if err != nil && !errors.Is(err, ipc.ErrClosed) {
		l.failed(w, fmt.Sprintf("sending to worker %d", w.id), err)
	}
}

// joined puts a worker into the rotation of its servers; a restart goes on.
func (l *loop) joined(w *worker) {
	l.timers.stop(w.up)
	if w.slot.last != nil {
		l.forgetRow(w.slot)
	}
	if old := w.restartOf; old != nil {
		w.restartOf = nil
		old.replacedBy = nil
		if !old.life.leaving {
			l.leave(old, w.by, fmt.Sprintf("cluster.workers[%d].disconnect()", old.id))
		}
	}
}

// settle is called when everything a worker has said was read: what it has not
// answered goes to others.
func (l *loop) settle(w *worker, now time.Time) {
	for s := range w.servers {
		back := s.dealer.Remove(w.id, now)
		for _, c := range back {
			l.conns[c].again = true
			if l.watching != nil {
				l.watching.back(&l.conns[c], w.hopEnd(), now)
			}
		}
		if s.ended { // the address is closed: nobody can serve them
			l.dropQueued(s)
			continue
		}
		w.again += len(back)
		l.released(w, s)
		l.deal(s, now)
	}
	if w.again > 0 {
		l.emitFor(w, Event{Kind: KindDealtAgain, By: BySupervisor, Detail: DealtAgainDetail{Count: w.again}})
	}
}

// hopEnd is why its hand-offs came to nothing.
func (w *worker) hopEnd() string {
	if w.life.procEnded || w.proc == nil || w.proc.dying() {
		return HopDied
	}
	return HopLeft
}

// chanEnded says that a worker's channel has ended and everything in it was
// read.
func (l *loop) chanEnded(w *worker, err error) {
	l.timers.stop(w.hold)
	l.timers.stop(w.tell)
	w.ch.Close()
	if w.life.procEnded && errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF // a process that dies may do so in the middle of a frame
	}
	w.exitReason(err)
	l.step(w, inChanEnd)
}

func (w *worker) exitReason(err error) {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrClosed) && !errors.Is(err, ipc.ErrClosed) {
		w.chanErr = err
	}
}

func (l *loop) disconnected(w *worker, now time.Time) {
	d := DisconnectDetail{Voluntary: w.life.voluntary == yes}
	by := ByOutside
	if w.chanErr != nil {
		d.Error = validText(w.chanErr.Error())
		by = BySupervisor
		l.deliverError(w.live, w.chanErr)
	}
	l.emitFor(w, Event{Kind: KindDisconnect, By: by, Call: w.eventCall("disconnect", ""), Detail: d})
	if w.life.procEnded {
		return
	}
	// It lives on without a channel. It may tidy up, but not for ever.
	if w.grace == nil {
		l.armGrace(w, now)
	}
	if d.Voluntary {
		return
	}
	if !w.proc.dying() {
		l.vacate(w, now)
		return
	}
	// The kernel closes a dying process's descriptors before it tells of its
	// end, which says more about why.
	w.hold = l.timers.at(now.Add(exitHold), func(now time.Time) { l.vacate(w, now) })
}

// procEnded says that a worker's process has ended.
func (l *loop) procEnded(w *worker, state *os.ProcessState) {
	w.ended = l.now()
	w.exit = exitOf(state)
	l.timers.stop(w.grace)
	l.step(w, inProcEnd)
}

// exitOf is code and signal as in Node's 'exit' event: one of them is nil. If
// the process could not be waited for, state is nil and neither is known.
func exitOf(state *os.ProcessState) *ExitDetail {
	if state == nil {
		return &ExitDetail{}
	}
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		name := signalName(ws.Signal())
		return &ExitDetail{Signal: &name}
	}
	code := state.ExitCode()
	return &ExitDetail{Code: &code}
}

// exited is the end of a worker.
func (l *loop) exited(w *worker, now time.Time) {
	for _, t := range []*timer{w.tell, w.grace, w.hold, w.up, w.silent} {
		l.timers.stop(t)
	}
	if w.stats != nil {
		w.cut = w.stats.open()
	}
	l.tot.lost += uint64(w.cut)
	if l.watching != nil {
		l.watching.died(w, now)
	}
	w.exit.Voluntary = w.life.voluntary == yes
	w.exit.DealtAgain, w.exit.Cut = w.again, w.cut
	w.cpu, w.mem, w.reqRate = nil, nil, nil
	w.keepGiven(nil)
	for _, h := range w.unacked {
		h.given.Close() // a nil *os.File may be closed
	}

	v := l.judge(w, now)
	w.exit.RetryMs, w.exit.Deaths = ms(v.after), v.deaths
	if v.deaths > 0 {
		w.exit.Of = deathsMax
	}
	code, sig := "null", "null"
	if w.exit.Code != nil {
		code = fmt.Sprint(*w.exit.Code)
	}
	if w.exit.Signal != nil {
		sig = "'" + *w.exit.Signal + "'"
	}
	w.live.process.exit.Store(w.exit)
	w.show()
	l.live.remove(w.live)
	close(w.live.done)
	l.emitFor(w, Event{Kind: KindExit, By: ByOutside, Call: w.eventCall("exit", ", "+code+", "+sig), Detail: *w.exit})

	delete(l.workers, w.id)
	l.carryOut(w, v, now)
	for s := range w.servers {
		l.forget(w, s)
	}
	l.stopStep()
}

// kill9 ends a worker and what it started, by the rules.
func (l *loop) kill9(w *worker, why string) {
	l.emitFor(w, Event{Kind: KindKill, By: BySupervisor, Call: fmt.Sprintf("process.kill(%d, 'SIGKILL')", w.pid()),
		Detail: KillDetail{Signal: "SIGKILL", Reason: why}})
	w.proc.killGroup()
}
