package engine

import (
	"os"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
)

// The cost of a death: the connections a worker had open when it died, which
// ended for their clients. It is reported exactly, or not at all.
//
// A Go worker keeps a tally that outlives it. For another program the primary
// knows what it handed over, and the kernel knows which connections a process
// has open while it lives. So the primary knows that there are none if the
// worker has taken none since a look that found none, or if the worker has
// closed its servers, which Node does when the last connection has ended. It
// knows how many there are if it ends the worker itself: it first stops the
// process and looks.

// deathFacts are what is known of a worker that has died.
type deathFacts struct {
	neverServed bool                // it never had a listening socket
	tally       *[tallyWords]uint64 // nil = the worker kept none
	taken       uint64              // hand-offs it answered with yes
	base        uint64              // how many of taken came before a look that found none open
	accepts     bool                // it may have accepted by itself since that look
	drained     bool                // all its servers had closed
	late        bool                // it lived on without its channel, with hand-offs unanswered: its tally may count them
	touched     bool                // it used connections it had not answered for
	counted     *int                // open when it was stopped to be killed
}

// cut is how many connections the worker had open, and how many of them were
// between two requests (0 if that is not known).
func (f deathFacts) cut() (open, idle int, known bool) {
	if f.touched {
		return 0, 0, false
	}
	if f.tally != nil && !f.late {
		if open, idle, ok := openAtDeath(*f.tally, f.taken); ok {
			return open, idle, true
		}
	}
	switch {
	case f.counted != nil:
		return *f.counted, 0, true
	case f.neverServed, f.drained:
		return 0, 0, true
	case f.taken == f.base && !f.accepts:
		return 0, 0, true
	}
	return 0, 0, false
}

// outlook is what the primary knows of a worker's connections without its help.
type outlook struct {
	served  bool
	taken   uint64 // hand-offs it answered with yes
	base    uint64
	accepts bool // it may have accepted by itself
	since   int  // how often accepts was set: an earlier look does not count
	drained bool
	late    bool
	touched bool
	// counted are the connections that were open when the worker was stopped to
	// be killed, by inode, and what its end means to their clients; nil = it
	// was not stopped.
	counted map[uint32]sock.Verdict
	tally   *os.File
}

// mayAccept says that from now on connections may reach the worker without the
// primary.
func (o *outlook) mayAccept() {
	o.accepts = true
	o.since++
}

// closeTally lets go of the tally. Calling it again does nothing.
func (o *outlook) closeTally() {
	_ = o.tally.Close() // a nil *os.File may be closed
	o.tally = nil
}

// accepted is how many connections the worker has accepted by itself, 0 if it keeps
// no tally.
func (o *outlook) accepted() uint64 {
	if o.tally == nil {
		return 0
	}
	words, err := tallyOf(o.tally)
	if err != nil {
		return 0
	}
	return words[tallyAccepted]
}

func tallyOf(f *os.File) (w [tallyWords]uint64, err error) {
	rc, err := f.SyscallConn()
	if err != nil {
		return w, err
	}
	if cerr := rc.Control(func(fd uintptr) { w, err = readTally(int(fd)) }); cerr != nil {
		err = cerr
	}
	return w, err
}

// dealtAgain removes connections that go to another worker from the counted
// ones: the dead worker had their descriptors, but had not answered.
func (o *outlook) dealtAgain(fd int) {
	if o.counted == nil {
		return
	}
	var st unix.Stat_t
	if unix.Fstat(fd, &st) == nil {
		delete(o.counted, uint32(st.Ino))
	}
}

// countedCut is how many of the counted connections are cut; nil if that is not
// known.
func (o *outlook) countedCut() *int {
	if o.counted == nil {
		return nil
	}
	n := 0
	for _, v := range o.counted {
		switch v {
		case sock.EndIsCut:
			n++
		case sock.EndUnknown:
			return nil
		}
	}
	return &n
}
