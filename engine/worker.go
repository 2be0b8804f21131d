package engine

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"

	"muster/engine/internal/proc"
	"muster/internal/wireword"
	"muster/ipc"
)

// worker is one forked worker, from the fork on until both its channel and its
// process have ended.
type worker struct {
	id    int
	slot  *slot
	api   *Worker // what the API shows of it
	by    By
	life  life
	env   []string
	dir   string // "" = the primary's
	noDir bool   // it could not be started because of dir
	early []earlySignal
	proc  *proc.Process // nil until the process is there
	ch    channel       // likewise
	reply chan<- answer[Result]
	errs  *lineReader

	forked, online, listening, ended, changed time.Time

	replaces    int
	replacesWhy string
	deathAt     time.Time // of the one it replaces, if that one died
	restartOf   *worker   // a restart: it leaves when this one listens where it does
	replacedBy  *worker
	comparing   *timer    // its addresses are compared with those of the one before it then
	heard       time.Time // when a server of it last listened
	moved       bool      // it does not listen where the one before it did
	aborted     bool      // its restart was taken back

	servers map[*server]bool // it has their socket
	opening int              // its questions that are being answered aside, in order
	later   []question       // those after them
	addrs   []Address
	unacked []sentFD           // handles sent and not acknowledged, oldest first
	reading chan []ipc.Message // its reader's buffers, as the loop gives them back
	slowed  slowed
	account account
	sockets map[string]*socketList // by key; those that have something open
	given   *os.File               // a server it was sent and has acknowledged just now; see answerGiven
	ready   bool                   // it has sent PM2's "ready"

	dealt, refused    uint64
	again             int
	out               outlook
	lost              *int      // once it has exited: connections it had open; nil = not known
	short             time.Time // it was last said that it is out of descriptors
	tooLong           int       // messages of its program that were refused
	stalled           time.Time
	probe             probe
	stats             *workerStats
	handOffTimes      Latency  // time from hand-off to answer
	handOffTimesShown *Latency // what snapshots share; nil = handOffTimes has changed since
	note              string
	restartNote       string    // how the restart it was to be replaced in went
	noted             *timer    // takes that away
	late              string    // the new worker of a restart, and too late: why it is killed
	inspected         bool      // its program was started with an inspector
	spared            time.Time // a debugger keeps it from answering: the stall limit counts from here
	sparedWhy         string
	judged            bool // it is being found out whether it is to be spared
	figures           figures

	left            leaving
	ownPorts        map[int]bool // it was seen to listen at past the cluster; nil = nobody has looked
	silent          *timer
	tell, grace, up *timer
	otherEnd        *timer // the end of its channel, or of its process, is waited for until then: the other has ended
	vacated         bool
	killedAt        time.Time // it was sent SIGKILL, by whatever rule; zero = it was not
	outlived        bool      // its channel ended, and it was not in its end
	cutOff          *timer    // it gets SIGKILL then: see cutShort
	exit            *ExitDetail
	orphans         []OrphansDetail // to be told after its exit
	chanErr         error           // why the channel ended, if not by its peer's wish
	mayAnswer       bool            // it may have taken hand-offs, and its answers are lost
}

// earlySignal is a kill that came before the process was there.
type earlySignal struct {
	sig syscall.Signal
	by  By
}

// question is a queryServer.
type question struct {
	w  *worker
	m  ipc.ClusterMsg
	ip netip.Addr // of the host it names, once that was looked up
}

// sentFD is a descriptor on its way to a worker: a hand-off of s, or (s nil)
// something else.
type sentFD struct {
	s     *server
	seq   int64
	probe bool
	given *os.File // our copy of a server sent to its program
	what  string   // for who is told that it did not arrive; "" = a hand-off, or it does not matter
}

// socketList counts the connections with one key that a worker gave us and
// that are open here (Node's socket list, lib/internal/socket_list.js). The worker's
// server does not emit 'close' before we say that there are none.
type socketList struct {
	key   json.RawMessage
	open  int
	asked bool // it waits for NODE_SOCKET_ALL_CLOSED
}

func (w *worker) pid() int {
	if w.proc == nil {
		return 0
	}
	return w.proc.PID
}

// show lets the API see how the worker's life is now.
func (w *worker) show() {
	w.api.state.Store(&workerState{State: w.life.state, connected: !w.life.chanEnded, dead: w.life.procEnded, voluntary: w.life.voluntary})
}

// sinceDeath is how long ago the one it replaces died, in ms.
func (w *worker) sinceDeath(now time.Time) (float64, int) {
	if w.deathAt.IsZero() {
		return 0, 0
	}
	return ms(now.Sub(w.deathAt)), w.replaces
}

// answersLost tells whether a worker may have taken hand-offs whose answers will
// never be read: they came, or will come, after what ended its channel.
func (w *worker) answersLost(err error) bool {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return !w.life.procEnded && !w.ch.PeerGone()
	case errors.Is(err, ipc.ErrClosed): // by us, some time after its process had ended
		return false
	}
	return true
}

// hopEnd is why its hand-offs came to nothing.
func (w *worker) hopEnd() string {
	if w.outlived {
		return wireword.HopLeft
	}
	return wireword.HopDied
}

// opens tells those who deal how many connections a worker has open.
func (w *worker) opens(n int) {
	for s := range w.servers {
		s.dealer.Holds(w.id, n)
	}
}

// opened counts one more connection of a key.
func (w *worker) opened(key json.RawMessage) {
	s := w.sockets[string(key)]
	if s == nil {
		if w.sockets == nil {
			w.sockets = make(map[string]*socketList)
		}
		s = &socketList{key: key}
		w.sockets[string(key)] = s
	}
	s.open++
}

// keepGiven keeps a server that was acknowledged; nil = none, any more.
func (w *worker) keepGiven(f *os.File) {
	w.given.Close() // a nil *os.File may be closed
	w.given = f
}

// tallyCame takes in the memory a Go worker writes its tally to.
func (w *worker) tallyCame(m *ipc.Message) {
	if w.out.tally != nil || checkTally(m.FD) != nil {
		return
	}
	w.out.tally = os.NewFile(uintptr(m.FD), "tally")
	m.FD = -1
}

// foundNone takes in a look at a worker, asked for with t, that found no
// connection.
func (w *worker) foundNone(t target) {
	if t.byHand && w.out.since == t.since {
		w.out.base, w.out.accepts = t.taken, false
	}
}

// channelLeft notes that the worker has ended its channel, and lives, with so many
// hand-offs unanswered: one that was told to leave does so when the last
// connection of its servers has ended (lib/internal/cluster/child.js).
func (w *worker) channelLeft(unanswered int) {
	w.out.late = unanswered > 0
	w.out.drained = w.life.voluntary == yes && w.closedServers() && !w.out.late
}

// closedServers tells whether it has closed all its servers.
func (w *worker) closedServers() bool {
	for s := range w.servers {
		if !s.users[w] {
			return false
		}
	}
	return true
}

// cut is what the worker's death cost.
func (w *worker) cut() (open, idle int, known bool) {
	o := &w.out
	f := deathFacts{
		neverServed: !o.served, taken: o.taken, base: o.base, accepts: o.accepts,
		drained: o.drained, late: o.late, touched: o.touched,
	}
	if o.tally != nil {
		if words, err := tallyOf(o.tally); err == nil {
			f.tally = &words
		}
	}
	if w.exit.Signal != nil && *w.exit.Signal == signalName(syscall.SIGKILL) {
		f.counted = o.countedCut()
	}
	return f.cut()
}
