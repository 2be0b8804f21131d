package command

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// The values of flags. Each checks itself when it is set, so that an error
// names a wrong value with its flag before anything is started.

// Int is a flag for a whole number within bounds.
func Int(p *int, least, most int) pflag.Value { return intValue{p, least, most} }

// Duration is a flag for a time that is not negative.
func Duration(p *time.Duration) pflag.Value { return durationValue{p} }

// Positive is a flag for a time that is more than 0.
func Positive(p *time.Duration) pflag.Value { return positiveValue{durationValue{p}} }

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

// maxHours is the longest time allowed, in hours: the sum of two such times and
// some seconds still does not overflow.
const maxHours = 1_000_000

// timeForm is how a time looks. ParseDuration gives the same error for a wrong
// form and for a time that is too long.
var timeForm = regexp.MustCompile(`^[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$`)

// parseTime reads a time.
func parseTime(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && !timeForm.MatchString(s):
		return 0, errors.New("must be a time with its unit, as in 500ms, 5s or 1m30s")
	case err != nil && s[0] == '-':
		return -1, nil // the value is refused for being negative
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
