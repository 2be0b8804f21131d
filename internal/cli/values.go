package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

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

// durationValue is a time that is not negative.
type durationValue struct{ p *time.Duration }

func (v durationValue) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return errors.New("must be a time with its unit, as in 500ms, 5s or 1m30s")
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

// policyValue is a scheduling policy.
type policyValue struct{ p *engine.Policy }

func (v policyValue) Set(s string) error {
	p, err := engine.ParsePolicy(s)
	if err != nil {
		return errors.New("must be rr or shared")
	}
	*v.p = p
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
