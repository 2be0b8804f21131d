package engine

import (
	"fmt"
	"syscall"
	"time"

	"muster/engine/internal/sock"
)

// shortEvery is the least time between two reports that a worker is out of
// descriptors: it may be for hours, and refuse a connection twenty times a
// second.
const shortEvery = time.Minute

// shortErrno is the errno of that name, if it means that a worker lacks a
// resource; 0 = it does not.
func shortErrno(name string) syscall.Errno {
	for _, e := range sock.OutOf {
		if name == errnoName(e) {
			return e
		}
	}
	return 0
}

// isShort says that a worker lacked a descriptor, or memory, for something it
// was given. Workers are not trusted: their claims cost at most a line a
// minute.
func (t *teller) isShort(w *worker, errno syscall.Errno, of string) {
	now := t.now()
	if !w.flow.shortSaid.IsZero() && now.Sub(w.flow.shortSaid) < shortEvery {
		return
	}
	w.flow.shortSaid = now
	why := "it has no file descriptor left. Raise its limit (ulimit -n), or look what keeps them open"
	if errno != syscall.EMFILE {
		why = "the system is out of resources"
	}
	t.failed(w, "", fmt.Errorf("worker %d could not take %s: %w: %s", w.id, of, errno, why))
}
