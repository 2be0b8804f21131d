package load

import (
	"syscall"
	"time"
)

// fineSleep is the longest wait for which fineWait is worth its thread.
const fineSleep = 2 * time.Millisecond

// fineWait waits to a tenth of a millisecond or so. Go's timers wait in
// epoll_wait, which counts in milliseconds: a request that is sent that much
// after it was due would add as much to every latency.
func fineWait(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&ts, nil) // if a signal ends it early, the caller looks at the time again
}
