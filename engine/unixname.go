package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// socketName is the path of a unix socket, and which file that was.
//
// Programs remove the path before they listen, to clear away what a run before
// has left. Under a cluster that takes the name from the socket all workers
// share. So the file has a second name, spare, from which the first can be put
// back: link(2) never replaces what has taken the path meanwhile. It lies in the
// same directory and is the same file, so whoever may connect by the one may by
// the other. A kill of the primary leaves both, and the next start on
// the path clears both.
type socketName struct {
	path  string
	file  fs.FileInfo
	spare string // "" = there is none

	mu   sync.Mutex // held while the file system is asked: never by the loop
	gone bool       // removed by us, for good

	// The loop's.
	said    bool   // that it was put back
	trouble string // why it could not be, as was said
}

var (
	errNameTaken   = errors.New("another file has taken it")
	errNameRemoved = errors.New("the path is removed again and again while it is being made")
	errNoSpare     = errors.New("there is no second name of the socket to put it back from")
)

// spareName is the second name of the socket at path.
func spareName(path string) string {
	dir, base := filepath.Split(path)
	return dir + "." + base + ".muster"
}

// nameSocket remembers the file that bind has just made, opens it to the users
// it is for, and gives it its second name. The name it returns is usable also
// with an error, which wraps fs.ErrNotExist if the file was removed meanwhile.
func nameSocket(path string, o portOptions) (*socketName, error) {
	file, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	n := &socketName{path: path, file: file}
	mode := file.Mode().Perm()
	if o.readableAll {
		mode |= 0o444
	}
	if o.writableAll {
		mode |= 0o222
	}
	if mode != file.Mode().Perm() {
		if err := os.Chmod(path, mode); err != nil {
			return n, err
		}
	}
	return n, n.makeSpare()
}

// makeSpare gives the socket its second name. It does without where that
// cannot be: the file system has no hard links, the name is in use, or it would
// be too long to see whether it is. An error: the first name is gone.
func (n *socketName) makeSpare() error {
	spare := spareName(n.path)
	if len(fileName(spare)) > maxUnixPath || clearStale(spare) != nil {
		return nil
	}
	switch err := os.Link(n.path, spare); {
	case err == nil:
		n.spare = spare
	case errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// is tells whether path is the socket that was made.
func (n *socketName) is(path string) (bool, error) {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, n.file), err
}

// putBack gives the socket its path again if it has lost it. lost tells that
// it had; an error that it could not be put back.
func (n *socketName) putBack() (lost bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.gone {
		return false, nil
	}
	ours, err := n.is(n.path)
	switch {
	case ours:
		if n.spare != "" {
			_ = os.Link(n.path, n.spare) // should that have been removed
		}
		return false, nil
	case err == nil:
		return true, errNameTaken
	case !errors.Is(err, fs.ErrNotExist):
		return true, err
	case n.spare == "":
		return true, errNoSpare
	}
	if ours, err := n.is(n.spare); err != nil || !ours {
		return true, errNoSpare // it was removed too, or is somebody else's by now
	}
	switch err := os.Link(n.spare, n.path); {
	case errors.Is(err, fs.ErrExist):
		return true, errNameTaken
	case err != nil:
		return true, err
	}
	return true, nil
}

// remove removes both names, where they are still the socket that was made.
func (n *socketName) remove() error {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone = true
	err := n.removeOne(n.path)
	if n.spare != "" {
		err = errors.Join(err, n.removeOne(n.spare))
	}
	return err
}

func (n *socketName) removeOne(path string) error {
	ours, err := n.is(path)
	if ours {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keepNames looks at the paths of all unix sockets.
func (l *loop) keepNames() {
	for _, s := range l.order {
		l.keepName(s, nil)
	}
}

// keepName sees to it that a unix socket has its path. w is the worker that has
// just asked for it, listens there or has ended, which is when programs remove
// it; nil if this is only a look. What was wrong is said once.
func (l *loop) keepName(s *server, w *worker) {
	n := s.port.name
	if n == nil || s.ended || l.stopping != nil {
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
			l.keepName(s, w)
		}
	}
	doAside(l, func(context.Context) (lost bool, err error) { return l.sys.putBack(n) }, func(lost bool, err error) {
		l.nameKept(s, w, lost, err)
		if !isSlow(err) {
			over()
		}
	}, func(bool, error) { over() })
}

// nameKept takes in a look at a path.
func (l *loop) nameKept(s *server, w *worker, lost bool, err error) {
	n := s.port.name
	if s.ended || l.stopping != nil {
		return
	}
	if w != nil && l.workers[w.id] != w {
		w = nil // it has gone meanwhile
	}
	switch {
	case isSlow(err) && n.trouble != err.Error():
		n.trouble = err.Error()
		l.failed(w, "", fmt.Errorf("%s: whether its path is there is not known: %w", s.port.addr, err))
	case isSlow(err):
	case !lost:
		n.trouble = ""
	case err == nil:
		n.trouble = ""
		if !n.said {
			n.said = true
			l.mended(w, fmt.Sprintf("%s: the path was removed; it is put back, and is the same socket. Nobody need remove it before a start: "+
				"muster clears away what a dead run has left. (Said once)", s.port.addr))
		}
	case n.trouble != err.Error():
		n.trouble = err.Error()
		todo := "nobody can connect. Start the cluster again"
		if errors.Is(err, errNameTaken) {
			todo = "it stays, and clients that connect there do not reach these workers. Free the path, and the socket is put back"
		}
		l.failed(w, "", fmt.Errorf("%s: the path was removed: %w: %s", s.port.addr, err, todo))
	}
}
