package load

import (
	"syscall"
	"time"
)

// fineSleep is the longest wait for which fineWait is worth its thread.
const fineSleep = 2 * time.Millisecond

// fineWait waits to a precision of about a tenth of a millisecond. Go's timers
// wait in epoll_wait, which counts in milliseconds: a request sent that late
// would add as much to every latency.
func fineWait(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // if a signal ends the sleep early, the caller looks at the time again
}
