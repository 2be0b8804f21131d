package command

import "fmt"

// Exit codes. 0 is a command that did what it was asked to.
const (
	ExitFailed = 1
	ExitUsage  = 2
)

// Failure is an error that carries its exit code. Commands return nothing
// else, so any other error comes from cobra's reading of the command line and
// is wrong usage.
type Failure struct {
	Code int
	Err  error // nil: the message was printed already
}

func (f *Failure) Error() string {
	if f.Err == nil {
		return fmt.Sprintf("exit code %d", f.Code)
	}
	return f.Err.Error()
}

func (f *Failure) Unwrap() error { return f.Err }

// Failed is a command that could not do what it was asked to.
func Failed(err error) error { return &Failure{Code: ExitFailed, Err: err} }

// Misused is wrong usage: nothing was started.
func Misused(err error) error {
	return &Failure{Code: ExitUsage, Err: fmt.Errorf("%w (muster --help shows the usage)", err)}
}
