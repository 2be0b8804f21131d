package engine

import (
	"context"
	"errors"
	"fmt"

	"muster/engine/internal/sock"
)

// paths is the loop's part that makes sure that unix sockets keep their paths.
type paths struct {
	*common
	ledger *ledger
}

// keepNames looks at the paths of all unix sockets.
func (pa *paths) keepNames() {
	for _, s := range pa.ledger.addresses() {
		pa.keepName(s, nil)
	}
}

// keepName makes sure that a unix socket has its path. w is the worker that has
// just asked for it, listens there or has ended: at these moments programs
// remove the path; nil if this is only a regular look. A failure is reported
// once.
func (pa *paths) keepName(s *server, w *worker) {
	n := s.port.Name()
	if n == nil || s.ended || pa.stopping != nil {
		return
	}
	if s.naming {
		if w != nil {
			s.named = w
		}
		return
	}
	s.naming = true
	over := func() {
		s.naming = false
		if w := s.named; w != nil {
			s.named = nil
			pa.keepName(s, w)
		}
	}
	doAside(pa.asides, func(context.Context) (lost bool, err error) { return pa.sys.putBack(n) }, func(lost bool, err error) {
		pa.nameKept(s, w, lost, err)
		if !isSlow(err) {
			over()
		}
	}, func(bool, error) { over() })
}

// nameKept takes in a look at a path.
func (pa *paths) nameKept(s *server, w *worker, lost bool, err error) {
	if s.ended || pa.stopping != nil {
		return
	}
	if w != nil && pa.workers[w.id] != w {
		w = nil // the worker has gone meanwhile
	}
	switch {
	case isSlow(err) && s.nameTrouble != err.Error():
		s.nameTrouble = err.Error()
		pa.failed(w, "", fmt.Errorf("%s: whether its path is there is not known: %w", s.addr, err))
	case isSlow(err):
	case !lost:
		s.nameTrouble = ""
	case err == nil:
		s.nameTrouble = ""
		if !s.nameSaid {
			s.nameSaid = true
			pa.mended(w, fmt.Sprintf("%s: the path was removed; it is put back, and is the same socket. Nobody need remove it before a start: "+
				"muster clears away what a dead run has left. (Said once)", s.addr))
		}
	case s.nameTrouble != err.Error():
		s.nameTrouble = err.Error()
		todo := "nobody can connect. Start the cluster again"
		if errors.Is(err, sock.ErrNameTaken) {
			todo = "it stays, and clients that connect there do not reach these workers. Free the path, and the socket is put back"
		}
		pa.failed(w, "", fmt.Errorf("%s: the path was removed: %w: %s", s.addr, err, todo))
	}
}
