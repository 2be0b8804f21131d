package engine

import (
	"net/http"
	"sync"
)

// connEnd writes into a worker's tally when one connection of an HTTP server
// ends. A connection has ended for its client when the client has the whole
// answer to its last request, or sees the worker close; between the first byte
// of its last answer and the close nobody can say what the client has, and the
// tally says so.
//
// net/http decides by itself to close after an answer (the client asks for it,
// a body was not read, a bad request), and shows it only by closing. So the
// tally brackets each answer after which net/http may close, and takes the
// bracket back when the connection waits for the next request.
//
// A nil *connEnd stands for a connection the tally does not count.
type connEnd struct {
	tally *tally

	mu      sync.Mutex
	mayEnd  bool // the next byte may belong to the last answer
	wrote   bool // a part of this answer was written
	ending  bool // tallyEnding is up for this connection
	idle    bool // likewise
	over    bool
	unheard bool // its client waits for an answer that does not come
	foreign bool // a session, or hijacked: only its close is its end
}

// newConnEnd is for a new connection: bytes written before a handler was called
// are the answer to a bad request, and the last answer.
func newConnEnd(t *tally) *connEnd { return &connEnd{tally: t, mayEnd: true} }

// active says that the first byte of a request has come.
func (e *connEnd) active() {
	e.locked(func() {
		e.setEnding(false) // the bytes written before were a TLS handshake
		e.setIdle(false)
	})
}

// request says that a handler is about to answer r.
func (e *connEnd) request(r *http.Request, leaving bool) {
	e.locked(func() {
		if r.ProtoMajor != 1 {
			e.foreign = true
			e.setEnding(false)
			return
		}
		e.wrote = false
		e.mayEnd = r.Close || leaving || r.ContentLength != 0
	})
}

// returned says that the handler is done; net/http still has to write what the
// handler has not flushed.
func (e *connEnd) returned(h http.Header) {
	e.locked(func() {
		if !e.mayEnd && h.Get("Connection") == "close" {
			e.mayEnd = true
			e.setEnding(e.wrote)
		}
	})
}

// write says that something is about to be written.
func (e *connEnd) write() {
	e.locked(func() {
		e.wrote = true
		if e.mayEnd {
			e.setEnding(true)
		}
	})
}

// kept says that the connection waits for the next request.
func (e *connEnd) kept() {
	e.locked(func() {
		e.setEnding(false)
		e.setIdle(true)
		e.mayEnd, e.wrote = true, false
	})
}

// hijacked says that from now on the program has the connection.
func (e *connEnd) hijacked() {
	e.locked(func() {
		e.foreign = true
		e.setEnding(false)
	})
}

// halfClosing says that net/http is about to close its writing half;
// halfClosed, that it has.
func (e *connEnd) halfClosing() { e.locked(e.close) }
func (e *connEnd) halfClosed()  { e.locked(e.count) }

// lost says that a request came after the connection's end was sent, or just
// before: its client gets no answer, as if the worker had died.
func (e *connEnd) lost() {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over && !e.unheard {
		e.tally.down(tallyEnded)
	}
	e.unheard = true
}

// closing says that the connection is about to be closed; closed, that it was.
func (e *connEnd) closing() { e.open(e.close) }
func (e *connEnd) closed()  { e.open(e.count) }

// locked calls f if net/http has the connection and it has not ended.
func (e *connEnd) locked(f func()) {
	e.open(func() {
		if !e.foreign {
			f()
		}
	})
}

// open calls f if the connection has not ended.
func (e *connEnd) open(f func()) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		f()
	}
}

// close brackets a close. An answer before it was the last one and is whole.
func (e *connEnd) close() {
	if e.ending {
		e.count()
		return
	}
	e.setEnding(true)
}

// count removes the connection from the open ones.
func (e *connEnd) count() {
	e.over = true
	if !e.unheard {
		e.tally.up(tallyEnded)
	}
	e.setEnding(false)
	e.setIdle(false)
}

func (e *connEnd) setEnding(on bool) { e.ending = e.move(tallyEnding, e.ending, on) }

func (e *connEnd) setIdle(on bool) { e.idle = e.move(tallyIdle, e.idle, on) }

// move moves a gauge.
func (e *connEnd) move(word int, was, is bool) bool {
	switch {
	case is && !was:
		e.tally.up(word)
	case was && !is:
		e.tally.down(word)
	}
	return is
}

// endKey is the key of a connection's connEnd in the context of its requests.
type endKey struct{}

// endOf is the connEnd of the connection r came on.
func endOf(r *http.Request) *connEnd {
	e, _ := r.Context().Value(endKey{}).(*connEnd)
	return e
}
