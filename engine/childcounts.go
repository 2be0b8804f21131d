package engine

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// counts is what a worker counts about itself and reports to its primary. The
// hot path is a few atomic adds.
type counts struct {
	ch    *ipc.Conn
	tally *tally

	accepted, closed, done atomic.Uint64
	times                  [latencyBuckets]atomic.Uint64
	longest                atomic.Int64 // ns, since the last report
	full                   atomic.Bool  // the channel is not read: see inbox.awaitRoom
	tells                  atomic.Bool  // a server of this package sees when its connections close
	follows                follows
	told                   atomic.Bool // wake has been sent to since the last report
	wake                   chan struct{}
	short                  atomic.Pointer[string] // why a connection was not taken since the last report: see isShort

	mu sync.Mutex // one report at a time, in order
}

func newCounts(ch *ipc.Conn) *counts {
	return &counts{ch: ch, tally: new(tally), wake: make(chan struct{}, 1)}
}

func (c *counts) opened() {
	c.accepted.Add(1)
	c.changed()
}

func (c *counts) ended() {
	c.closed.Add(1)
	c.changed()
}

func (c *counts) answered(took time.Duration) {
	c.times[latencyBucket(took)].Add(1)
	for {
		old := c.longest.Load()
		if int64(took) <= old || c.longest.CompareAndSwap(old, int64(took)) {
			break
		}
	}
	c.done.Add(1)
	c.changed()
}

func (c *counts) changed() {
	if c.told.Load() || c.told.Swap(true) {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// send sends a report of everything so far. A full channel loses it: the next
// one holds the same counters.
func (c *counts) send() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told.Store(false)
	// Read closed before accepted: more may be accepted meanwhile, and a
	// connection must not seem closed before it came.
	r := report{Closed: c.closed.Load(), Done: c.done.Load()}
	r.Accepted = c.accepted.Load()
	for i := range c.times {
		if n := c.times[i].Swap(0); n > 0 {
			r.Times = append(r.Times, [2]uint64{uint64(i), n})
		}
	}
	r.MaxNs = uint64(c.longest.Swap(0))
	r.Tells, r.Full, r.Ends = c.tells.Load(), c.full.Load(), c.follows.report()
	if why := c.short.Swap(nil); why != nil {
		r.Short = *why
	}
	if line, err := ipc.AppendMuster(nil, r); err == nil {
		_ = c.ch.Send(line, -1)
	}
}

// tellFull tells the primary at once that the channel is not read for a while,
// or is read again: the primary must not take this for a process that stands
// still.
func (c *counts) tellFull(full bool) {
	c.full.Store(full)
	c.send()
}

// tellsEnds says that a server of this package is about to accept, and will see
// when its connections close. The primary asks only workers that said so.
func (c *counts) tellsEnds() {
	c.tells.Store(true)
	c.send() // at once: the first connection may be about to come
}

// isShort notes that the worker had no descriptor, or no memory, to take a
// connection. Only the next report tells it.
func (c *counts) isShort(err error) {
	if sock.OutOfResources(err) {
		c.short.Store(new(errnoName(err)))
		c.changed()
	}
}

// tellEvery is the time between two reports.
const tellEvery = 250 * time.Millisecond

// untilTelling is the time until the next report: tellEvery on average, and the same
// moment in all workers, so that the primary wakes up once for all of them.
func untilTelling(now time.Time) time.Duration {
	left := tellEvery - time.Duration(now.UnixNano())%tellEvery
	if left < tellEvery/2 {
		left += tellEvery
	}
	return left
}

// report sends a report whenever something has changed, until over is closed.
func (c *counts) report(over <-chan struct{}) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-over:
			return
		case <-pause.C:
		}
		select {
		case <-over:
			return
		case <-c.wake:
			c.send()
			pause.Reset(untilTelling(time.Now()))
		}
	}
}

// shareTally gives the primary the worker's tally before the worker listens, so
// before there is anything in it. Only a Go primary gets it: Node's would fail
// on an unknown kind of handle. Without a tally (on a system without such
// memory) only what it would tell is missing.
func (c *counts) shareTally() {
	if os.Getenv(envPrimary) == "" {
		return
	}
	t, fd, err := newTally()
	if err != nil {
		return
	}
	defer unix.Close(fd) // the channel keeps a copy until the message is sent
	line, err := ipc.AppendMuster(nil, tallyMessage{Sockets: true, Many: true})
	if err == nil {
		line, err = ipc.AppendHandle(nil, tallyHandle, line)
	}
	if err != nil || c.ch.Send(line, fd) != nil {
		return
	}
	c.tally = t
}
