package loadcmd

import (
	"errors"
	"io"
	"os"
	"time"

	"muster/internal/cli/internal/command"
)

// output writes in a goroutine of its own, which ends with finish or with
// the process.
type output struct {
	texts  chan []byte
	broken chan struct{} // closed when a write has failed
	result chan error
}

func newOutput(w io.Writer) *output {
	o := &output{texts: make(chan []byte, 1), broken: make(chan struct{}), result: make(chan error, 1)}
	broken := o.broken
	go func() {
		var err error
		for text := range o.texts {
			if err != nil {
				continue // nothing is written after a failed write
			}
			if _, err = w.Write(text); err != nil {
				close(broken)
			}
		}
		o.result <- err
	}()
	return o
}

// offer writes a text if the one before has been written.
func (o *output) offer(text []byte) bool {
	select {
	case o.texts <- text:
		return true
	default:
		return false
	}
}

var errNotRead = errors.New("it is not read; the summary was not printed")

// finish writes the last text and waits for the write, but not long, and not
// beyond the next signal.
func (o *output) finish(text []byte, signals <-chan os.Signal) error {
	limit := time.NewTimer(command.FlushTime)
	defer limit.Stop()
	select {
	case o.texts <- text:
		close(o.texts)
	case <-limit.C:
		return errNotRead
	case <-signals:
		return errNotRead
	}
	err, done := command.Await(o.result, signals)
	if !done {
		return errNotRead
	}
	return err
}
