//go:build !linux

package load

import "time"

// fineSleep is 0: timers are fine enough where the kernel's wait takes
// nanoseconds.
const fineSleep = 0

func fineWait(d time.Duration) { time.Sleep(d) }
