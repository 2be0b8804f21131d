package command

import (
	"os"
	"time"
)

// FlushTime is how long the end waits for an output that is not read.
const FlushTime = time.Second

// Await waits for a result, but no longer than FlushTime or the next signal.
func Await(result <-chan error, signals <-chan os.Signal) (err error, done bool) {
	t := time.NewTimer(FlushTime)
	defer t.Stop()
	select {
	case err = <-result:
		return err, true
	case <-signals:
	case <-t.C:
	}
	return nil, false
}
