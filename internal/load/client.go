package load

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// client sends one request after the other. Only its own goroutine uses it,
// except for jobs.
type client struct {
	r    *Runner
	jobs chan job // its next request, from the pacer; holds one

	link     link
	number   int
	slow     bool
	ownID    bool   // the caller's header has an X-Request-Id
	requests int64  // sent so far, the number in the id
	head     string // of every request, up to the id
	body     []byte // sent with head in one write
	rest     []byte // a long body, sent after head; shared by all clients
	buf      []byte // the request
	answer   Answer
}

const (
	// afterRefusal keeps a client of a closed loop from spinning on a port
	// nobody listens on.
	afterRefusal = 10 * time.Millisecond

	idHeader     = "X-Request-Id"
	workerHeader = "Muster-Worker"
)

// longBody is the length from which a body is not copied, see exchangeLong.
const longBody = 32 << 10

func newClient(r *Runner, number int) *client {
	c := &client{
		r:      r,
		jobs:   make(chan job, 1),
		number: number,
		ownID:  r.opts.has(idHeader),
		head:   r.opts.requestHead(r.dialer.to.host, false),
		link:   newLink(r.dialer, &r.opts),
	}
	if c.body = r.opts.Body; len(c.body) >= longBody {
		c.body, c.rest = nil, c.body
	}
	return c
}

// run sends until the runner says stop.
func (c *client) run() {
	defer c.link.close()
	for {
		j, ok := c.r.pacer.next(c)
		if !ok {
			return
		}
		wait := c.r.opts.Think
		if !c.serve(j) {
			wait = max(wait, afterRefusal)
		}
		if !j.timed && wait > 0 {
			c.r.pause(wait)
		}
	}
}

// serve sends one request and counts how it ended. It returns false if the next
// request should wait: the server refused the connection, or this machine could
// not make it.
func (c *client) serve(j job) bool {
	start := time.Now()
	late := j.timed && start.Sub(j.due) > lateAfter
	if !j.timed {
		j.due = start
	}
	c.r.tally.begin(late)
	err := c.request(j, start.Add(c.r.opts.Timeout))
	var f *failure
	switch {
	case err == nil:
		worker, _, _ := strings.Cut(c.answer.Header.Get(workerHeader), " ")
		c.r.tally.answered(c.answer.Latency, !c.slow, worker)
		return true
	case errors.As(err, &f):
		c.r.tally.fail(f.end, plainText(f.err))
		c.r.explain(f)
		return f.end != refused && !c.slow
	}
	c.r.tally.unbegin(late)
	c.r.giveUp(err)
	return false
}

// request sends one request and reads its answer. It returns nil, a *failure,
// or a *localError if this process could send no request.
func (c *client) request(j job, deadline time.Time) error {
	kept := c.link.open()
	if kept && j.timed && c.link.closedByPeer() {
		c.link.close()
		kept = false
	}
	if !kept {
		if err := c.link.dial(deadline); err != nil {
			return err
		}
	}
	last, err := c.link.exchange(c.compose(), c.rest, &c.answer, deadline, kept)
	if err != nil {
		c.link.close()
		return err
	}
	c.answer.Latency = c.link.ended.Sub(j.due)
	err = c.check(&c.answer)
	if last || c.slow || !c.r.opts.KeepAlive {
		if more := c.link.finish(last && !c.slow); err == nil {
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
	return nil
}

// compose writes the next request, except the rest of a long body. A slow
// request has no id, to keep it short. It also has none if the caller's header
// has its own.
func (c *client) compose() []byte {
	c.requests++
	c.buf = append(c.buf[:0], c.head...)
	c.answer.ID = ""
	if !c.slow && !c.ownID {
		c.buf = append(c.buf, idHeader+": "...)
		at := len(c.buf)
		c.buf = strconv.AppendInt(c.buf, int64(c.number), 10)
		c.buf = append(c.buf, '-')
		c.buf = strconv.AppendInt(c.buf, c.requests, 10)
		c.answer.ID = string(c.buf[at:])
		c.buf = append(c.buf, "\r\n"...)
	}
	c.buf = append(c.buf, "\r\n"...)
	c.buf = append(c.buf, c.body...)
	return c.buf
}

// check returns what is wrong with a complete answer.
func (c *client) check(a *Answer) error {
	if id := a.Header.Get(idHeader); id != "" && a.ID != "" && id != a.ID {
		return errors.New("answer to another request")
	}
	if want := c.r.opts.ExpectBody; want != "" && string(a.Body) != want {
		// If both are wrong, the status says more than the body.
		if err := c.r.opts.expected(a); err != nil {
			return err
		}
		return errors.New("body not as expected")
	}
	if c.r.opts.Expect != nil {
		return c.r.opts.Expect(a)
	}
	return c.r.opts.expected(a)
}
