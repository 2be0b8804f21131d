package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Cause is why no request is answered.
type Cause string

// What Hint.Cause may be.
const (
	NobodyListens Cause = "nobody listens" // at none of the addresses
	OtherAddress  Cause = "other address"  // something listens on this machine's other loopback address
	NoSocket      Cause = "no socket"      // the path of a unix socket leads nowhere, or nobody listens on it
	NotASocket    Cause = "not a socket"   // the path leads to another kind of file
	NotAllowed    Cause = "not allowed"    // to connect to the unix socket
	SpeaksTLS     Cause = "speaks TLS"     // but was spoken to without
	SpeaksPlain   Cause = "speaks plain"   // but was spoken to with TLS
	Certificate   Cause = "certificate"    // is not trusted
	Redirect      Cause = "redirect"       // is not followed
	OtherStatus   Cause = "status"         // one that is not right
)

// Hint is why no request was answered, found out by looking (Options.Explain).
// The zero value means that nothing is known.
type Hint struct {
	Cause Cause
	Text  string // for people, without what to do; may quote what the server sent
	Use   string // the URL that is likely to be answered, "" = none is known
}

// String is the text, and the URL to use instead.
func (h Hint) String() string {
	if h.Use == "" {
		return h.Text
	}
	return h.Text + "; use " + h.Use
}

// hints is what is known of why no request is answered. Each kind of failure is
// looked into once.
type hints struct {
	asked  [ends]bool
	newest Hint
}

// lookTime bounds how long finding out may take: the end of the run waits for it.
const lookTime = time.Second

// explain starts finding out why a request failed, as long as none was
// answered.
func (r *Runner) explain(f *failure) {
	if !r.opts.Explain || r.tally.anyOK() {
		return
	}
	r.errMu.Lock()
	asked := r.hints.asked[f.end]
	r.hints.asked[f.end] = true
	r.errMu.Unlock()
	if asked {
		return
	}
	r.spawn(func() {
		h := r.findOut(f)
		r.errMu.Lock()
		defer r.errMu.Unlock()
		if h.Cause != "" {
			r.hints.newest = h
		}
	})
}

func (r *Runner) hint() Hint {
	r.errMu.Lock()
	defer r.errMu.Unlock()
	return r.hints.newest
}

// findOut looks for the cause of a request's failure.
func (r *Runner) findOut(f *failure) Hint {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	to := r.dialer.to
	var status *statusError
	var cert *certError
	switch {
	case f.end == refused && to.network == "unix":
		return socketHint(to.addrs[0], f.err)
	case f.end == refused:
		return r.nobody(ctx)
	case errors.Is(f.err, errNotTLS):
		return Hint{SpeaksPlain, "the server does not speak TLS", "http://" + to.host + r.opts.Path}
	case errors.As(f.err, &cert):
		return Hint{Cause: Certificate, Text: cert.Error()}
	case errors.As(f.err, &status) && status.status != 400:
		return statusHint(status)
	case f.end != timedOut && r.opts.TLS == nil && to.network == "tcp" && speaksTLS(ctx, r.dialer, to.name):
		return Hint{SpeaksTLS, "the server speaks TLS", "https://" + to.host + r.opts.Path}
	case status != nil:
		return statusHint(status)
	}
	return Hint{}
}

func statusHint(e *statusError) Hint {
	if e.status/100 == 3 && e.location != "" {
		return Hint{Cause: Redirect, Text: fmt.Sprintf("status %d leads to %s: a redirect is not followed", e.status, e.location)}
	}
	return Hint{Cause: OtherStatus, Text: e.Error()}
}

// nobody looks whether something listens on the other loopback address: people
// are confused when a name or a server has only one of the two.
func (r *Runner) nobody(ctx context.Context) Hint {
	to := r.dialer.to
	text := "nothing listens on " + strings.Join(to.addrs, " or ")
	h := Hint{Cause: NobodyListens, Text: text}
	other := otherLoopback(to.addrs)
	if other == "" {
		return h
	}
	conn, err := r.dialer.one(ctx, to.network, other)
	if err != nil {
		return h
	}
	conn.Close()
	scheme := "http://"
	if r.opts.TLS != nil {
		scheme = "https://"
	}
	return Hint{OtherAddress, text + ", but something does on " + other, scheme + other + r.opts.Path}
}

// otherLoopback is the usual loopback address that is not among addrs; "" = both
// are, or addrs are not loopback.
func otherLoopback(addrs []string) string {
	has := map[string]bool{}
	port := ""
	for _, a := range addrs {
		host, p, err := net.SplitHostPort(a)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return ""
		}
		has[host], port = true, p
	}
	for _, host := range []string{"127.0.0.1", "::1"} {
		if !has[host] {
			return net.JoinHostPort(host, port)
		}
	}
	return ""
}

// speaksTLS tries a TLS handshake. A server that wants a certificate, or
// another version, says so in TLS.
func speaksTLS(ctx context.Context, d *dialer, name string) bool {
	conn, err := d.dial(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_, err = handshake(conn, &tls.Config{ServerName: name, InsecureSkipVerify: true}, deadline) // nothing is sent
	var alert *net.OpError
	return err == nil || errors.As(err, &alert) && alert.Op == "remote error"
}

// socketHint is what is wrong with the path of a socket to which nobody could
// connect.
func socketHint(path string, err error) Hint {
	file, statErr := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return Hint{Cause: NotAllowed, Text: "this user may not connect to the socket " + path}
	case strings.HasPrefix(path, "@"):
		return Hint{Cause: NoSocket, Text: "nobody listens on the abstract socket " + path}
	case errors.Is(err, syscall.ENOENT):
		return Hint{Cause: NoSocket, Text: "there is no socket " + path}
	case statErr == nil && file.Mode().Type() != fs.ModeSocket:
		return Hint{Cause: NotASocket, Text: path + " is not a socket"}
	}
	return Hint{Cause: NoSocket, Text: "nobody listens on the socket " + path + ": its server has ended"}
}
