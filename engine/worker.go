package engine

import (
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"syscall"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/proc"
	"muster/internal/wireword"
	"muster/ipc"
)

// worker is one forked worker, from the fork on until both its channel and its
// process have ended. Fields that only one part of the loop needs stand in a
// group of their own.
type worker struct {
	id    int
	slot  *slot
	api   *Worker // what the API shows of it
	by    By
	life  life
	proc  *proc.Process // nil until the process is there
	ch    channel       // likewise
	at    moments
	start startup

	before  predecessor
	restart restarting
	left    leaving
	due     deadlines
	end     ending

	servers map[*server]bool // servers whose socket it has
	addrs   []Address
	asks    asking
	unacked []sentFD // descriptors sent and not acknowledged, oldest first
	handed  handOffs
	out     outlook

	flow    inflow
	seen    seen
	silence silence
	note    string // shown on its row
}

// moments are the times of a worker's life; zero = not yet.
type moments struct {
	forked, online, listening, ended time.Time
	heard                            time.Time // when one of its servers last listened
	changed                          time.Time // its state
}

// startup is how a worker's process is started.
type startup struct {
	env       []string
	dir       string // "" = the primary's
	noDir     bool   // the process could not be started because of dir
	inspected bool   // its program was started with an inspector
	early     []earlySignal
	reply     chan<- answer[Result] // for the command that forked it
	silent    *timer                // fires if it has not listened by then
	stderr    *lineReader
}

// predecessor is the worker whose place a worker has taken; id 0 = nobody's.
type predecessor struct {
	id    int
	why   string
	died  time.Time // zero = the predecessor did not die
	moved bool      // the new worker does not listen where the predecessor did
}

// restarting is a worker's part in a restart.
type restarting struct {
	of        *worker // the worker that leaves when this one listens where it does
	by        *worker // the worker that replaces this one
	comparing *timer  // fires when its addresses are compared with those of the one before it
	up        *timer  // it must listen by then
	late      string  // for a new worker that is too late: why it is killed
	aborted   bool    // the new worker was taken back
	note      string  // on the row of the old worker: how the restart went
	noted     *timer  // removes note
	refit     int     // the change of the policy for which it was to be replaced; see refit
}

// asking is a worker's requests without an answer.
type asking struct {
	opening int        // questions that are being answered aside, in order
	later   []question // questions after the ones being answered
	given   *os.File   // a server it was sent and has just acknowledged; see answerGiven
}

// handOffs are a worker's hand-offs.
type handOffs struct {
	dealt, refused uint64
	going          []going  // dealt to it and about to be sent; empty between two deals
	again          int      // hand-offs that went to other workers when it had died
	times          Latency  // from hand-off to answer
	shown          *Latency // a copy of times that snapshots share; nil = times has changed since
}

// going is a connection that was dealt and is about to be sent.
type going struct {
	conn deal.Conn
	seq  int64
}

// inflow is what comes over a worker's channel, and how fast it is read.
type inflow struct {
	reading   chan []ipc.Message // its reader's buffers, as the loop gives them back
	slowed    slowed
	account   account
	sockets   map[string]*socketList // by key; those that have something open
	tooLong   int                    // messages of its program that were refused
	shortSaid time.Time              // when an event last said that it is out of descriptors
}

// seen is what a worker tells of itself, and what a look at its process has found.
type seen struct {
	ready        bool // it has sent PM2's "ready"
	takesSockets bool // a Go worker that accepts on further sockets it is sent
	takesMany    bool // a Go worker that takes several connections with one message
	stats        *workerStats
	figures      figures
	ownPorts     map[int]bool // ports of its own at which it was seen to listen; nil = nobody has looked
}

// silence is what is known of whether a worker answers.
type silence struct {
	since     time.Time // since when it has not answered; zero = it answers
	probe     probe
	spared    time.Time // a debugger keeps it from answering: the stall limit counts from here
	sparedWhy string
	judged    bool // whether to spare it is being found out
}

// deadlines are those of a worker's leave and end; nil = there is none.
type deadlines struct {
	tell     *timer // fires when it is told to leave
	grace    *timer // the next step of its leave
	otherEnd *timer // how long to wait for the end of its channel or process, when the other has ended
	cutOff   *timer // fires when it gets SIGKILL: see cutShort
}

// ending is how a worker ends, and what its end has cost.
type ending struct {
	killed    time.Time // it was sent SIGKILL, by whatever rule; zero = it was not
	vacated   bool      // its slot was given to another worker though its process lives
	outlived  bool      // its channel ended while its process was not ending
	mayAnswer bool      // it may have taken hand-offs, and its answers are lost
	chanErr   error     // why the channel ended, if the peer did not end it
	exit      *ExitDetail
	lost      *int            // connections it had open; nil = not known
	orphans   []OrphansDetail // to be told after its exit
}

// earlySignal is a signal that came before the process was there.
type earlySignal struct {
	sig syscall.Signal
	by  By
}

// question is a queryServer.
type question struct {
	w  *worker
	m  ipc.ClusterMsg
	ip netip.Addr // of the host it names, once looked up
}

// sentFD is a descriptor on its way to a worker: a hand-off of s, or (s nil)
// something else.
type sentFD struct {
	s     *server
	seq   int64
	probe bool
	given *os.File // the primary's copy of a server sent to its program
	seat  *server  // its own socket of that server
	stale bool     // the worker has closed that server since
	what  string   // names it in the error if it does not arrive; "" = a hand-off, or no error is needed
}

// socketList counts the connections with one key that a worker sent and that
// are open here (Node's socket list, lib/internal/socket_list.js). The worker's
// server does not emit 'close' before the primary says that there are none.
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

// show updates the worker's state for the API.
func (w *worker) show() {
	w.api.state.Store(&workerState{State: w.life.state, connected: !w.life.chanEnded, dead: w.life.procEnded, voluntary: w.life.voluntary})
}

// sinceDeath is how long ago the worker it replaces died, in ms.
func (w *worker) sinceDeath(now time.Time) (float64, int) {
	if w.before.died.IsZero() {
		return 0, 0
	}
	return ms(now.Sub(w.before.died)), w.before.id
}

// answersLost tells whether a worker may have taken hand-offs whose answers
// will never be read: they came, or will come, after the message that ended its
// channel.
func (w *worker) answersLost(err error) bool {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return !w.life.procEnded && !w.ch.PeerGone()
	case errors.Is(err, ipc.ErrClosed): // closed by the primary, some time after its process had ended
		return false
	}
	return true
}

// hopEnd is why its hand-offs failed.
func (w *worker) hopEnd() string {
	if w.end.outlived {
		return wireword.HopLeft
	}
	return wireword.HopDied
}

// opens tells the dealers how many connections a worker has open.
func (w *worker) opens(n int) {
	for s := range w.servers {
		s.dealer.Holds(w.id, n)
	}
}

// opened counts one more connection of a key.
func (w *worker) opened(key json.RawMessage) {
	s := w.flow.sockets[string(key)]
	if s == nil {
		if w.flow.sockets == nil {
			w.flow.sockets = make(map[string]*socketList)
		}
		s = &socketList{key: key}
		w.flow.sockets[string(key)] = s
	}
	s.open++
}

// keepGiven keeps a server that was acknowledged; nil drops the one kept
// before.
func (w *worker) keepGiven(f *os.File) {
	w.asks.given.Close() // a nil *os.File may be closed
	w.asks.given = f
}

// tallyCame takes in the memory a Go worker writes its tally to.
func (w *worker) tallyCame(m *ipc.Message) {
	if w.out.tally != nil || checkTally(m.FD) != nil {
		return
	}
	w.out.tally = os.NewFile(uintptr(m.FD), "tally")
	m.FD = -1
	var told tallyMessage
	if json.Unmarshal(m.Raw, &told) == nil {
		w.seen.takesSockets, w.seen.takesMany = told.Sockets, told.Many
	}
}

// foundNone takes in a look at a worker, asked for with t, that found no
// connection.
func (w *worker) foundNone(t target) {
	if t.byHand && w.out.since == t.since {
		w.out.base, w.out.accepts = t.taken, false
	}
}

// channelLeft notes that the worker lives and has ended its channel, with this
// many hand-offs unanswered. A Node worker that was told to leave does that
// when the last connection of its servers has ended
// (lib/internal/cluster/child.js).
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
	if w.end.exit.Signal != nil && *w.end.exit.Signal == signalName(syscall.SIGKILL) {
		f.counted = o.countedCut()
	}
	return f.cut()
}
