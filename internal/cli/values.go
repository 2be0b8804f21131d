package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine"
)

// The values of flags. Each checks itself when it is set, so that a wrong one
// is named together with its flag and nothing has been started by then.

// intValue is a whole number within bounds.
type intValue struct {
	p        *int
	min, max int
}

func (v intValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < v.min || n > v.max {
		return fmt.Errorf("must be a whole number from %d to %d", v.min, v.max)
	}
	*v.p = n
	return nil
}

// String is "" for a number that was not given: the help then shows no default
// and the text of the flag says what applies.
func (v intValue) String() string {
	if v.p == nil || *v.p == 0 {
		return ""
	}
	return strconv.Itoa(*v.p)
}

func (intValue) Type() string { return "N" }

// maxHours is the longest time there is, in hours: the sum of two, and of seconds
// more, still is one.
const maxHours = 1_000_000

// timeForm is how a time looks. ParseDuration has one error for what does not look
// like that and for what is too long for it.
var timeForm = regexp.MustCompile(`^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$`)

// parseTime reads a time.
func parseTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && !timeForm.MatchString(s):
		return 0, errors.New("must be a time with its unit, as in 500ms, 5s or 1m30s")
	case err != nil && s[0] == '-':
		return -1, nil // it is refused for that
	case err != nil || d > maxHours*time.Hour:
		return 0, fmt.Errorf("is too long: at most %dh", maxHours)
	}
	return d, nil
}

// durationValue is a time that is not negative.
type durationValue struct{ p *time.Duration }

func (v durationValue) Set(s string) error {
	d, err := parseTime(s)
	switch {
	case err != nil:
		return err
	case d < 0:
		return errors.New("must not be negative")
	}
	*v.p = d
	return nil
}

func (v durationValue) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (durationValue) Type() string { return "TIME" }

// positiveValue is a time that is more than 0.
type positiveValue struct{ durationValue }

func (v positiveValue) Set(s string) error {
	if d, err := parseTime(s); err == nil && d <= 0 {
		return errors.New("must be more than 0")
	}
	return v.durationValue.Set(s)
}

// notedValue is a time, and whether it was given.
type notedValue struct {
	durationValue
	given *bool
}

func (v notedValue) Set(s string) error {
	if err := v.durationValue.Set(s); err != nil {
		return err
	}
	*v.given = true
	return nil
}

// signalValue is the stop signal by its name, with SIG or without, in either
// case; none is none.
type signalValue struct{ p *syscall.Signal }

// leaveSignals are those that ask a program to end, or mean what it wants.
var leaveSignals = []syscall.Signal{
	syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR2,
}

func (v signalValue) Set(s string) error {
	if s == "none" {
		*v.p = engine.NoStopSignal
		return nil
	}
	for _, sig := range leaveSignals {
		if name := unix.SignalName(sig); strings.EqualFold(s, name) || strings.EqualFold("SIG"+s, name) {
			*v.p = sig
			return nil
		}
	}
	words := stopWords()
	last := len(words) - 1
	return fmt.Errorf("must be %s or %s", strings.Join(words[:last], ", "), words[last])
}

// stopWords are the words of --stop-signal.
func stopWords() []string {
	var words []string
	for _, sig := range leaveSignals {
		words = append(words, unix.SignalName(sig))
	}
	return append(words, "none")
}

func (v signalValue) String() string {
	switch {
	case v.p == nil || *v.p == 0:
		return ""
	case *v.p == engine.NoStopSignal:
		return "none"
	}
	return unix.SignalName(*v.p)
}

func (signalValue) Type() string { return "SIGNAL" }

// wordValue is one of a few words.
type wordValue struct {
	p     *string
	words []string
}

func (v wordValue) Set(s string) error {
	if !slices.Contains(v.words, s) {
		last := len(v.words) - 1
		return fmt.Errorf("must be %s or %s", strings.Join(v.words[:last], ", "), v.words[last])
	}
	*v.p = s
	return nil
}

func (v wordValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (v wordValue) Type() string { return strings.Join(v.words, "|") }

// asciiValue is a bool that knows whether it was given: the environment decides
// what is not said.
type asciiValue struct{ yes, no *bool }

func (v asciiValue) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return err
	}
	*v.yes, *v.no = b, !b
	return nil
}

func (v asciiValue) String() string { return strconv.FormatBool(v.yes != nil && *v.yes) }

func (asciiValue) Type() string { return "bool" }

// policyValue is a scheduling policy.
type policyValue struct{ p *engine.Policy }

func (v policyValue) Set(s string) error {
	if v.p.UnmarshalText([]byte(s)) != nil {
		return errors.New("must be rr or shared")
	}
	return nil
}

func (v policyValue) String() string {
	if v.p == nil || *v.p == 0 {
		return ""
	}
	return v.p.String()
}

func (policyValue) Type() string { return "rr|shared" }

// wholeError names the wrong value itself.
type wholeError struct{ error }

// addrValue is an address to listen on.
type addrValue struct{ p *string }

func (v addrValue) Set(s string) error {
	if _, err := engine.ParseAddr(s); err != nil {
		return &wholeError{err}
	}
	*v.p = s
	return nil
}

func (v addrValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (addrValue) Type() string { return "ADDRESS" }
