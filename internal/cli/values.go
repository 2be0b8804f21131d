package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"muster/engine"
)

// The values of flags. Each checks itself when it is set, so that an error
// names a wrong value with its flag before anything is started.

// notedValue is a time, and whether it was given.
type notedValue struct {
	pflag.Value
	given *bool
}

func (v notedValue) Set(s string) error {
	if err := v.Value.Set(s); err != nil {
		return err
	}
	*v.given = true
	return nil
}

// signalValue is the stop signal by its name, with SIG or without, in either
// case; none is none.
type signalValue struct{ p *syscall.Signal }

// leaveSignals are the signals that ask a program to end, or whose meaning is
// up to the program.
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

// asciiValue is a bool that knows whether it was given: if not, the environment
// decides.
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
		words := policyWords()
		last := len(words) - 1
		return fmt.Errorf("must be %s or %s", strings.Join(words[:last], ", "), words[last])
	}
	return nil
}

func (v policyValue) String() string {
	if v.p == nil || *v.p == 0 {
		return ""
	}
	return v.p.String()
}

func (policyValue) Type() string { return strings.Join(policyWords(), "|") }

// policyWords are the names of all policies.
func policyWords() (words []string) {
	for _, p := range engine.Policies() {
		words = append(words, p.String())
	}
	return words
}

// wholeError is an error whose text names the wrong value itself.
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
