package engine

import (
	"fmt"
	"time"
)

const (
	guardsMax = 5           // how many guards may end soon in a row
	guardGood = time.Minute // a guard that lived this long did not end soon
)

// nextGuard says when to start another guard after a number of guards in a row
// ended soon or could not be started. ok is false if there will be none.
func nextGuard(ended int) (wait time.Duration, ok bool) {
	if ended >= guardsMax {
		return 0, false
	}
	wait = 100 * time.Millisecond
	for range ended - 1 {
		wait *= 5
	}
	return wait, true
}

// guardLost is the error to report for a guard that has ended, or could not be
// started: the first time that it is replaced, and in the end that there will
// be none. nil = nothing to report.
func guardLost(err error, ended int) msg {
	switch _, ok := nextGuard(ended); {
	case !ok:
		return msgFailed{"", fmt.Errorf("%w: it is not started again after %d times; if this process is killed with SIGKILL now, "+
			"workers that have changed their user may live on, and what workers have started", err, ended)}
	case ended == 1:
		return msgMended{fmt.Sprintf("%v: it is started again", err)}
	}
	return nil
}
