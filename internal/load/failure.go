package load

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// end is how a request ended.
type end int

const (
	ok end = iota
	refused
	reset
	timedOut
	cut
	wrong
	ends // how many there are
)

func (e end) String() string {
	return [ends]string{"ok", "refused", "reset", "timed out", "cut", "wrong"}[e]
}

// failure is an error with the end it means. Only a failed request has one.
type failure struct {
	end end
	err error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// localError is a limit of this process or machine: no request was sent, and
// counting it as the server's failure would be wrong.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// Errors of our own side of a connection.
var (
	errNoAnswer = errors.New("connection closed instead of an answer")
	errKept     = errors.New("kept connection closed instead of an answer")
	errTooLong  = errors.New("answer too long")
	errMore     = errors.New("bytes after the end of the answer")
)

// dialFailure says what an error of connecting means. Unless the fault is on
// this machine, the server did not take the connection.
func dialFailure(err error) error {
	switch {
	case isAny(err, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL):
		return &localError{err}
	case isTimeout(err):
		return &failure{timedOut, err}
	case isReset(err):
		return &failure{reset, err}
	}
	return &failure{refused, err}
}

// startFailure says what an error before the first byte of an answer means, on
// a connection just made or on a kept one.
func startFailure(err error, kept bool) *failure {
	switch {
	case isTimeout(err):
		return &failure{timedOut, err}
	case isReset(err):
		return &failure{reset, err}
	case errors.Is(err, io.EOF) && kept:
		return &failure{cut, errKept}
	case errors.Is(err, io.EOF):
		return &failure{cut, errNoAnswer}
	}
	return &failure{cut, err}
}

// answerFailure says what an error in the middle of an answer means.
func answerFailure(err error) *failure {
	var op *net.OpError
	switch {
	case isTimeout(err):
		return &failure{timedOut, errors.New("in the answer: " + plainText(err))}
	case errors.Is(err, errTooLong):
		return &failure{wrong, errTooLong}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &op):
		return &failure{cut, errors.New("in the answer: " + plainText(err))}
	}
	return &failure{wrong, err} // not HTTP
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || isAny(err, syscall.ETIMEDOUT) || isNetTimeout(err)
}

// isNetTimeout recognises what net.Dialer returns when its time is over: that
// error does not wrap os.ErrDeadlineExceeded.
func isNetTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout() && !isAny(err, syscall.EAGAIN)
}

func isReset(err error) bool {
	return isAny(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED)
}

func isAny(err error, errnos ...syscall.Errno) bool {
	for _, e := range errnos {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// plainText is the error without the addresses net puts into it: every
// connection has another port, so no two texts would be the same.
func plainText(err error) string {
	var several *addrErrors
	var op *net.OpError
	if errors.As(err, &several) || !errors.As(err, &op) {
		return err.Error()
	}
	why := op.Err.Error()
	if op.Op == "dial" || strings.HasPrefix(why, op.Op+": ") { // needless, or the system call's name says it
		return why
	}
	return op.Op + ": " + why
}
