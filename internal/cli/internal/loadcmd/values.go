package loadcmd

import (
	"errors"
	"strings"

	"muster/internal/load"
)

// methodValue is the method of a request.
type methodValue struct{ p *string }

func (v methodValue) Set(s string) error {
	if s == "" {
		return errors.New("must be one word, as GET, POST or DELETE")
	}
	*v.p = strings.ToUpper(s)
	return nil
}

func (v methodValue) String() string { return stringOf(v.p) }
func (methodValue) Type() string     { return "NAME" }

// headerValue adds a header to those given before.
type headerValue struct{ p *[]load.Field }

func (v headerValue) Set(s string) error {
	f, err := load.ParseField(s)
	if err != nil {
		return err
	}
	*v.p = append(*v.p, f)
	return nil
}

func (headerValue) String() string { return "" }
func (headerValue) Type() string   { return "HEADER" }

// expectValue is the statuses that count as answered.
type expectValue struct{ p *load.Statuses }

func (v expectValue) Set(s string) error {
	set, err := load.ParseStatuses(s)
	if err != nil {
		return err
	}
	*v.p = set
	return nil
}

func (expectValue) String() string { return "" }
func (expectValue) Type() string   { return "STATUSES" }

// textValue is any text; the second field is what the help calls it.
type textValue struct {
	p    *string
	what string
}

func (v textValue) Set(s string) error {
	*v.p = s
	return nil
}

func (v textValue) String() string { return stringOf(v.p) }
func (v textValue) Type() string   { return v.what }

// stringPointer is a text that may be missing.
type stringPointer struct{ p **string }

func (v stringPointer) Set(s string) error {
	*v.p = &s
	return nil
}

func (stringPointer) String() string { return "" }
func (stringPointer) Type() string   { return "PATH" }

func stringOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
