package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

const (
	pipeBuffer = 32 << 10 // bytes read at once
	pipeMax    = 64 << 10 // bytes of a worker's output that wait to be read
	// pipeLeftMax is what may wait when the worker has exited: pipeMax and all
	// that fits a pipe. It bounds the output of a grandchild that still holds
	// the pipe and writes.
	pipeLeftMax = pipeMax + 1<<20
)

// Pipe is the reading end of a worker's stdout or stderr for the program that
// runs the cluster. While nobody reads, the worker's writes block in the end,
// as those of Node's children do. Once the worker has exited its output is
// taken in whole, so that its descriptor can be closed whether anybody reads or
// not.
type Pipe struct {
	mu     sync.Mutex // not held while src is read
	change sync.Cond
	buf    bytes.Buffer
	limit  int
	err    error // what Read returns when buf is empty; nil = more may come
}

// NewPipe makes a pipe that nothing has come through; Run takes in what comes.
func NewPipe() *Pipe {
	r := &Pipe{limit: pipeMax}
	r.change.L = &r.mu
	return r
}

// Run takes in src until src ends, is closed or hits a read deadline, until
// more than pipeLeftMax is left after End, or until Close. The caller runs it
// once, in a goroutine, and closes src when Run has returned. Neither End nor
// Close wakes Run from a read of src: a read deadline does. A deadline that has
// passed ends Run before it has read what is left, so the deadline must leave
// time for that.
func (r *Pipe) Run(src io.Reader) {
	chunk := make([]byte, pipeBuffer)
	for {
		room := r.room()
		if room == 0 {
			return
		}
		n, err := src.Read(chunk[:min(room, len(chunk))])
		if !r.add(chunk[:n], err) {
			return
		}
	}
}

// room waits until there is room, and returns how much; 0 = no more is wanted.
func (r *Pipe) room() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.buf.Len() >= r.limit && r.limit < pipeLeftMax && r.err == nil {
		r.change.Wait()
	}
	switch {
	case r.err != nil:
		return 0
	case r.buf.Len() >= r.limit:
		r.finish(io.EOF)
		return 0
	}
	return r.limit - r.buf.Len()
}

// add takes in what was read; false if nothing more is wanted.
func (r *Pipe) add(b []byte, err error) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil { // Close came while src was read
		return false
	}
	r.buf.Write(b)
	switch {
	case err == nil:
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, os.ErrClosed):
		r.finish(io.EOF)
	default:
		r.finish(fmt.Errorf("reading a worker's output: %w", err))
	}
	r.change.Broadcast()
	return r.err == nil
}

// finish sets what Read returns in the end. Held: mu.
func (r *Pipe) finish(err error) {
	r.err = err
	r.change.Broadcast()
}

// End says that the worker has exited: Run takes in what is left in src without
// waiting for a reader.
func (r *Pipe) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limit = pipeLeftMax
	r.change.Broadcast()
}

// Read returns what the worker has written, and waits if there is nothing. It
// returns io.EOF when the worker has exited and all is read, and
// io.ErrClosedPipe after Close. Any goroutine may call it; each byte goes to
// one of them.
func (r *Pipe) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(p) > 0 && r.buf.Len() == 0 && r.err == nil {
		r.change.Wait()
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case r.buf.Len() == 0:
		return 0, r.err
	}
	n, _ := r.buf.Read(p) // it is not empty: no error
	r.change.Broadcast()
	return n, nil
}

// Close ends the pipe at once: what was not read is dropped, Read returns
// io.ErrClosedPipe, and Run returns as soon as it is not reading src. Closing
// twice does nothing.
func (r *Pipe) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf = bytes.Buffer{}
	r.finish(io.ErrClosedPipe)
}
