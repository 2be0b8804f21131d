//go:build !linux

package load

import "time"

// fineSleep is 0: the kernel's wait takes nanoseconds here, so timers are fine
// enough.
const fineSleep = 0

func fineWait(d time.Duration) { time.Sleep(d) }
