package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Options says what to send where, and when to stop. Only Addr is required.
// A run ends when Duration is over, Requests are sent or the context ends,
// whichever comes first.
type Options struct {
	Addr     string // "host:port", ":port" or "port" (127.0.0.1), "unix:PATH" or "abstract:NAME"
	Anywhere bool   // allow an Addr that is not this machine; default loopback only

	Method string  // of every request, in capitals; default GET, with a Body POST
	Path   string  // path and query of every request; default "/"
	Header []Field // sent as they are, in their order; see ParseField for their limits
	Body   []byte  // of every request, at most MaxBody bytes; not copied
	// TLS makes every connection speak TLS, with HTTP/1.1 in it; nil = plain
	// HTTP. Without a ServerName the certificate must be for Addr's host.
	TLS *tls.Config

	Rate        int           // requests due in a second, at most MaxRate: an open loop; 0 = a closed loop
	Concurrency int           // clients at most, each with one request at a time; default 1, with a Rate 256
	KeepAlive   bool          // send the next request on the same connection, as long as the server keeps it
	Think       time.Duration // closed loop: pause of a client between an answer and its next request; default none
	Duration    time.Duration // send for this long; 0 = no limit
	Requests    int           // send this many in all; 0 = no limit
	Timeout     time.Duration // of one request, connecting included; default 10 s
	MaxAnswer   int64         // bytes of one answer with its header; a longer one is wrong; default 16 MiB

	// Idle is how many connections to hold beside the clients, with nothing
	// sent on them. A connection that the server closes is opened again.
	Idle int
	// Slow is how many slow clients to have beside the others. Each has a
	// connection on which it sends its request and reads the answer byte by
	// byte, ten bytes a second. Their requests are in the counts but not in the
	// latency, and Timeout limits how long the server may be silent. When the
	// run is told to stop they finish at full speed.
	Slow int

	// Statuses are those of a right answer; default 2xx. A redirect is not
	// followed: it is an answer like any other.
	Statuses Statuses
	// Expect returns nil if the answer is right, or what is wrong with it. If
	// Expect is given it alone decides: Statuses are ignored. Every client's
	// goroutine calls it.
	Expect func(*Answer) error
	// ExpectBody is the exact body of a right answer, checked before Expect;
	// "" = any.
	ExpectBody string
	// Explain makes the run find out why no request is answered, see Hint. For
	// that the run may make a connection or two that are in no count.
	Explain bool
	// OnAnswer is called for every complete answer, right (err == nil) or
	// wrong. Every client's goroutine calls it, so it must be safe for
	// concurrent use; while it runs that client sends nothing. nil = no call.
	OnAnswer func(a *Answer, err error)
	// OnPanic is called before a panic in one of the run's goroutines ends the
	// process, by that goroutine, for example to restore a terminal. nil = no
	// call.
	OnPanic func(v any)
}

// Answer is one complete answer. The Answer and all it points to belong to the
// client: the callback that got it must not use it after returning.
type Answer struct {
	ID      string // of the request, as sent in X-Request-Id: client and number, "3-17"
	Status  int
	Header  http.Header
	Body    []byte
	Latency time.Duration // until the last byte was read; from before connecting or sending, or with a Rate from when the request was due
}

// Limits of Options.
const (
	MaxRate    = 100_000 // requests a second
	MaxClients = 10_000  // Concurrency, Idle and Slow, each
)

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxAnswer = 16 << 20
	// defaultOpen clients hold 1000/s against answers that take a quarter of a
	// second. Most of them are never started.
	defaultOpen = 256
)

// withDefaults returns o with the defaults in place of the zero values, or the
// first thing that is wrong with it.
func (o Options) withDefaults() (Options, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Concurrency == 0 {
		o.Concurrency = 1
		if o.Rate > 0 {
			o.Concurrency = defaultOpen
		}
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = defaultMaxAnswer
	}
	if err := o.checkRequest(); err != nil {
		return o, err
	}
	switch {
	case o.Rate < 0 || o.Rate > MaxRate:
		return o, rateError(o.Rate)
	case o.Concurrency < 0 || o.Concurrency > MaxClients:
		return o, fmt.Errorf("load: concurrency %d: must be from 1 to %d", o.Concurrency, MaxClients)
	case o.Idle < 0 || o.Idle > MaxClients:
		return o, fmt.Errorf("load: %d idle connections: must be from 0 to %d", o.Idle, MaxClients)
	case o.Slow < 0 || o.Slow > MaxClients:
		return o, fmt.Errorf("load: %d slow clients: must be from 0 to %d", o.Slow, MaxClients)
	case o.Think < 0 || o.Duration < 0 || o.Timeout < 0:
		return o, errors.New("load: think, duration and timeout must not be negative")
	case o.Requests < 0 || o.MaxAnswer < 0:
		return o, errors.New("load: requests and the size of an answer must not be negative")
	}
	return o, nil
}

func rateError(n int) error {
	return fmt.Errorf("load: rate %d: must be from 0 (as fast as the answers come) to %d a second", n, MaxRate)
}

// expected is nil if the status of an answer is right.
func (o *Options) expected(a *Answer) error {
	if o.Statuses.Has(a.Status) {
		return nil
	}
	return &statusError{a.Status, a.Header.Get("Location")}
}

// statusError is an answer with a status that is not right.
type statusError struct {
	status   int
	location string // where it leads, if it is a redirect
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d", e.status) }
