package sock

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Name is the path of a unix socket, and the file that was made there.
//
// Programs remove the path before they listen, to clear away what an earlier
// run has left. In a cluster that takes the name from the socket all workers
// share. So the file has a second name, spare, from which the first can be put
// back: link(2) never replaces a file that has taken the path meanwhile. spare
// is the same file in the same directory, so it allows connections to the same
// users. A kill of the primary leaves both names, and the next start on the
// path clears both.
type Name struct {
	path  string
	file  fs.FileInfo
	spare string // "" = there is none

	mu   sync.Mutex // held while the file system is asked: never by a goroutine that must not wait
	gone bool       // removed by us, for good
}

var (
	ErrNameTaken   = errors.New("another file has taken it")
	errNameRemoved = errors.New("the path is removed again and again while it is being made")
	errNoSpare     = errors.New("there is no second name of the socket to put it back from")
)

// spareName is the second name of the socket at path.
func spareName(path string) string {
	dir, base := filepath.Split(path)
	return dir + "." + base + ".muster"
}

// nameSocket remembers the file that bind has just made, opens it to the users
// it is for, and gives it its second name. The Name it returns is usable even
// with an error; the error wraps fs.ErrNotExist if the file was removed
// meanwhile.
func nameSocket(path string, o Options) (*Name, error) {
	file, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	n := &Name{path: path, file: file}
	mode := file.Mode().Perm()
	if o.ReadableAll {
		mode |= 0o444
	}
	if o.WritableAll {
		mode |= 0o222
	}
	if mode != file.Mode().Perm() {
		if err := os.Chmod(path, mode); err != nil {
			return n, err
		}
	}
	return n, n.makeSpare()
}

// makeSpare gives the socket its second name. There is no second name if the
// file system has no hard links, the name is in use, or it would be too long to
// check whether it is in use. An error means that the first name is gone.
func (n *Name) makeSpare() error {
	spare := spareName(n.path)
	if len(fileName(spare)) > MaxUnixPath || clearStale(spare) != nil {
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
func (n *Name) is(path string) (bool, error) {
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(now, n.file), err
}

// PutBack gives the socket its path again if it has lost it, which lost tells.
// An error means that the path could not be put back.
func (n *Name) PutBack() (lost bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.gone {
		return false, nil
	}
	ours, err := n.is(n.path)
	switch {
	case ours:
		if n.spare != "" {
			_ = os.Link(n.path, n.spare) // in case spare has been removed
		}
		return false, nil
	case err == nil:
		return true, ErrNameTaken
	case !errors.Is(err, fs.ErrNotExist):
		return true, err
	case n.spare == "":
		return true, errNoSpare
	}
	if ours, err := n.is(n.spare); err != nil || !ours {
		return true, errNoSpare // spare was removed too, or is another file by now
	}
	switch err := os.Link(n.spare, n.path); {
	case errors.Is(err, fs.ErrExist):
		return true, ErrNameTaken
	case err != nil:
		return true, err
	}
	return true, nil
}

// remove removes both names, as far as they are still the socket that was made.
func (n *Name) remove() error {
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

func (n *Name) removeOne(path string) error {
	ours, err := n.is(path)
	if ours {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
