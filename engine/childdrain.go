package engine

import (
	"cmp"
	"crypto/tls"
	"encoding/json"
	"time"
)

// drainTick is how often connections are looked at while a worker leaves.
const drainTick = 50 * time.Millisecond

// wait returns when every connection has ended.
func (d *drainer) wait() {
	began := time.Now()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for now := began; d.closeIdle(began, now) > 0; now = <-tick.C {
		d.goAway() // again and again: sessions may begin on connections we have
	}
}

// closeIdle says the end of what is idle for too long in a drain that began
// then, closes what has had its end said, and returns how many connections were
// open.
func (d *drainer) closeIdle(began, now time.Time) int {
	kept := cmp.Or(time.Duration(d.c.kept.Load()), idleFor)
	d.mu.Lock()
	open := len(d.conns)
	var over, done []*drainConn
	for dc := range d.conns {
		switch at := dc.idle.Load(); at {
		case 0:
		case idleShut:
			if now.Sub(dc.shutAt) >= lingerFor {
				done = append(done, dc)
			}
		default:
			// In use when the drain began: its answer may have promised more.
			until := later(began.Add(kept), time.Unix(0, at).Add(min(idleFor, kept)))
			if !now.Before(until) && dc.idle.CompareAndSwap(at, idleShut) {
				dc.shutAt = now
				over = append(over, dc)
			}
		}
	}
	d.mu.Unlock()
	for _, dc := range over {
		dc.sayEnd()
	}
	for _, dc := range done {
		_ = dc.Close()
	}
	return open
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// idleShut is the idle of a connection whose end was said: what still comes on
// it cannot be answered.
const idleShut = -1

// busy says that a request is under way.
func (c *drainConn) busy() { c.move(0) }

// move sets idle, unless the connection's end was said: then it is false.
func (c *drainConn) move(to int64) bool {
	for {
		at := c.idle.Load()
		if at == idleShut || at == 0 && to != 0 {
			return at == 0
		}
		if c.idle.CompareAndSwap(at, to) {
			return true
		}
	}
}

// Read reads until the connection's end was said. A request that crosses that is
// not handled, for its client hears no answer: it is read, or the close would be
// a reset, and thrown away.
func (c *drainConn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if n == 0 || c.idle.Load() == 0 {
			return n, err
		}
		// The first bytes have the end wait until net/http has made a request of
		// them; not each, or who sends them one by one would hold it up.
		if !c.came.Swap(true) && c.move(time.Now().UnixNano()) || c.idle.Load() != idleShut {
			return n, err
		}
		if c.secured.Load() == nil { // else it may be no more than the client's goodbye
			c.end.lost()
		}
		if err != nil {
			return 0, err
		}
	}
}

// sayEnd says the connection's end and leaves it open for reading: net/http does
// that, and closes it when its client has.
func (c *drainConn) sayEnd() {
	tc := c.secured.Load()
	if tc == nil {
		if c.CloseWrite() != nil {
			_ = c.Close()
		}
		return
	}
	if below, ok := tc.NetConn().(*drainConn); !ok || below != c {
		go tc.Close() // it says so to the client first, and waits for seconds if that cannot be sent
		return
	}
	go c.sayEndTLS(tc)
}

func (c *drainConn) sayEndTLS(tc *tls.Conn) {
	if tc.CloseWrite() != nil || c.CloseWrite() != nil {
		_ = tc.Close()
	}
}

// keepFor takes in a message of the primary's own, which may be of any kind.
func (c *Child) keepFor(raw []byte) {
	var m kept
	if json.Unmarshal(raw, &m) == nil && m.Ms != nil && *m.Ms > 0 {
		c.kept.Store(min(*m.Ms, keptFor.Milliseconds()) * int64(time.Millisecond))
	}
}
