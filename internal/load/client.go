package load

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// client sends one request after the other. Only its own goroutine uses it,
// except for the counters.
type client struct {
	r    *Runner
	sent atomic.Uint64
	ends [ends]atomic.Uint64

	link     link
	number   int
	requests int64  // sent so far, the number in the id
	head     string // of every request, up to the id
	buf      []byte // the request
	answer   Answer
	latency  histogram
	byWorker map[string]uint64
}

const (
	// afterRefusal keeps a client from spinning on a port nobody listens on.
	afterRefusal = 10 * time.Millisecond
	// maxWorkers bounds ByWorker for each client: the names come from outside.
	maxWorkers = 1024

	idHeader     = "X-Request-Id"
	workerHeader = "Muster-Worker"
)

func newClient(r *Runner, number int) *client {
	head := "GET " + r.opts.Path + " HTTP/1.1\r\nHost: " + r.target.host + "\r\nUser-Agent: muster-load\r\n"
	if !r.opts.KeepAlive {
		head += "Connection: close\r\n"
	}
	return &client{
		r:        r,
		number:   number,
		head:     head + idHeader + ": ",
		byWorker: map[string]uint64{},
		link:     newLink(r.target, r.opts.MaxAnswer),
	}
}

// run sends until the runner says that it is enough.
func (c *client) run() {
	defer c.link.close()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for c.r.next() {
		wait := c.r.opts.Think
		err := c.request()
		var f *failure
		switch {
		case err == nil:
			c.ends[ok].Add(1)
		case errors.As(err, &f):
			c.ends[f.end].Add(1)
			c.r.note(f.end, f.err)
			if f.end == refused {
				wait = max(wait, afterRefusal)
			}
		default:
			c.r.cancel(err)
			return
		}
		if wait <= 0 {
			continue
		}
		pause.Reset(wait)
		select {
		case <-pause.C:
		case <-c.r.ctx.Done():
			return
		}
	}
}

// request sends one request and reads its answer. It returns nil, a *failure,
// or a *localError if no request could be sent for a reason of ours.
func (c *client) request() error {
	start := time.Now()
	deadline := start.Add(c.r.opts.Timeout)
	kept := c.link.open()
	if !kept {
		if err := c.link.dial(deadline); err != nil {
			err = dialFailure(err)
			var local *localError
			if !errors.As(err, &local) {
				c.sent.Add(1)
			}
			return err
		}
	}
	c.sent.Add(1)
	c.requests++
	c.buf = append(c.buf[:0], c.head...)
	idAt := len(c.buf)
	c.buf = strconv.AppendInt(c.buf, int64(c.number), 10)
	c.buf = append(c.buf, '-')
	c.buf = strconv.AppendInt(c.buf, c.requests, 10)
	c.answer.ID = string(c.buf[idAt:])
	c.buf = append(c.buf, "\r\n\r\n"...)

	last, err := c.link.exchange(c.buf, &c.answer, deadline, kept)
	if err != nil {
		c.link.close()
		return err
	}
	c.answer.Latency = time.Since(start)
	err = c.check(&c.answer)
	if last || !c.r.opts.KeepAlive {
		if more := c.link.finish(last); err == nil {
			err = more
		}
	} else if err == nil && c.link.buffered() > 0 {
		err = errMore
		c.link.close()
	}
	if c.r.opts.OnAnswer != nil {
		c.r.opts.OnAnswer(&c.answer, err)
	}
	if err != nil {
		return &failure{wrong, err}
	}
	c.latency.add(c.answer.Latency)
	c.countWorker(c.answer.Header)
	return nil
}

// check returns what is wrong with a complete answer.
func (c *client) check(a *Answer) error {
	if id := a.Header.Get(idHeader); id != "" && id != a.ID {
		return errors.New("answer to another request")
	}
	if want := c.r.opts.ExpectBody; want != "" && string(a.Body) != want {
		// The status says more than the body where both are wrong.
		if err := expectOK(a); err != nil {
			return err
		}
		return errors.New("body not as expected")
	}
	return c.r.opts.Expect(a)
}

// countWorker counts an answer for the worker that says it gave it.
func (c *client) countWorker(h http.Header) {
	id, _, _ := strings.Cut(h.Get(workerHeader), " ")
	if id == "" {
		return
	}
	if _, known := c.byWorker[id]; known || len(c.byWorker) < maxWorkers {
		c.byWorker[id]++
	}
}
