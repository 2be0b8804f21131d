package engine

import (
	"context"
	"encoding/json"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// codes has the error of each code (docs/wire.md). A code tells a program in
// another process what an error's text tells people, and stays the same from
// version to version; a program in Go asks errors.Is. If an error wraps
// several, the first in this order gives the code.
var codes = []struct {
	code string
	err  error
}{
	{"bad_request", ErrBadRequest},
	{"policy_fixed", ErrPolicyFixed},
	{"no_worker", ErrNoWorker},
	{"busy", ErrBusy},
	{"left_behind", ErrLeftBehind},
	{"stopped", ErrStopped},
	{"channel_closed", ErrChannelClosed},
	{"too_long", ErrTooLong},
	{"bad_handle", ErrHandle},
	{"budget", ErrBudget},
	{"not_worker", ErrNotWorker},
	{"timeout", context.DeadlineExceeded},
	{"canceled", context.Canceled},
}

// codeFailed is the code of every other error: its text and its errno say what was
// wrong.
const codeFailed = "failed"

// errorCode is the code of an error, "" if err is nil. An error from a later
// version may have a code that is not listed above.
func errorCode(err error) string {
	if err == nil {
		return ""
	}
	var wire *WireError
	if errors.As(err, &wire) {
		return wire.Code
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return codeFailed
}

// WireError is an error in the form that leaves the process. A decoded
// WireError has the text of the original error, and errors.Is and errors.As
// find in it what they found in the original, as far as Code and Errno tell it.
type WireError struct {
	Code  string // a code of docs/wire.md, or of a later version; codes never change
	Text  string // for people; outside text may be in it, not safe for a terminal
	Errno string // "ESRCH", if the system said no
}

// NewWireError is err as a WireError, nil if err is nil.
func NewWireError(err error) *WireError {
	if err == nil {
		return nil
	}
	return &WireError{Code: errorCode(err), Text: err.Error(), Errno: wireErrno(err)}
}

func wireErrno(err error) string {
	var wire *WireError
	if errors.As(err, &wire) {
		return wire.Errno
	}
	return errnoName(err)
}

// Error is the text of the original error.
func (e *WireError) Error() string { return e.Text }

// Unwrap is the package's error of this code, and the errno.
func (e *WireError) Unwrap() []error {
	var errs []error
	for _, c := range codes {
		if c.code == e.Code {
			errs = append(errs, c.err)
		}
	}
	if n := errnoNamed(e.Errno); n != 0 {
		errs = append(errs, n)
	}
	return errs
}

// errnoNamed is the errno of a name on this system, 0 if the system has no
// errno of that name.
func errnoNamed(name string) syscall.Errno {
	const most = 1024 // no system has as many
	if name == "" {
		return 0
	}
	for n := syscall.Errno(1); n < most; n++ {
		if unix.ErrnoName(n) == name {
			return n
		}
	}
	return 0
}

// wireError is the JSON form, version 1.
type wireError struct {
	V     int    `json:"v"`
	Code  string `json:"code"`
	Text  string `json:"text"`
	Errno string `json:"errno,omitempty"`
}

// MarshalJSON writes {"v":1,"code":"no_worker","text":"worker 3: no such worker"}.
func (e *WireError) MarshalJSON() ([]byte, error) {
	return plainJSON(wireError{wireVersion, e.Code, e.Text, e.Errno})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *WireError) UnmarshalJSON(b []byte) error {
	var j wireError
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = WireError{Code: j.Code, Text: j.Text, Errno: j.Errno}
	return nil
}
