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
	// pipeLeftMax is what may wait when the worker has exited: all that fits a
	// pipe besides. It bounds a grandchild that still holds the pipe, and writes.
	pipeLeftMax = pipeMax + 1<<20
)

// Pipe is the reading end of a worker's stdout or stderr for the program that
// runs the cluster. While nobody reads, the worker comes to wait, as a
// child of Node does; the output of one that has exited is taken in whole, so
// that its descriptor can be closed whether it is read or not.
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

// Run takes in src until it ends: by its end, a read deadline, its closing, or
// what is left after End being too much; or until Close. A goroutine of the
// caller's runs it, once, and the caller closes src when it has returned. Neither
// End nor Close wakes it from a read of src: a read deadline does. One that has
// passed ends it before what is left is read, so it must leave time for that.
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

// add takes in what was read; false when that was the last.
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

// End says that the worker has exited: what is left in src is taken in without
// waiting for a reader.
func (r *Pipe) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limit = pipeLeftMax
	r.change.Broadcast()
}

// Read returns what the worker has written, and waits for it if there is
// none; io.EOF when the worker has exited and all is read; io.ErrClosedPipe
// after Close. Any goroutine may call it; each byte goes to one of them.
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

// Close ends it at once: what was not read is dropped, Read returns
// io.ErrClosedPipe, and Run returns when it is not reading src. Closing twice does
// nothing.
func (r *Pipe) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf = bytes.Buffer{}
	r.finish(io.ErrClosedPipe)
}
