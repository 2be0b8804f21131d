package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// errForeignFile is a file at the path of a unix socket that is no socket: it
// is somebody's, and stays.
var errForeignFile = fmt.Errorf("a file that is not a socket is in its place: %w", syscall.EADDRINUSE)

// inUseError is an address that answers.
type inUseError struct{ pid int } // 0 = not known

func (*inUseError) Error() string { return "it answers" }
func (*inUseError) Unwrap() error { return syscall.EADDRINUSE }

// socketName is the path of a unix socket, and which file that was.
type socketName struct {
	path string
	file fs.FileInfo
}

// openUnix makes the one socket of a path.
func openUnix(a Address, o portOptions) (*port, error) {
	if why, errno := badUnixPath(a.Host); why != "" {
		return nil, fmt.Errorf("%s (%w)", why, errno)
	}
	if abstract(a.Host) {
		return openAbstract(a, o)
	}
	if err := clearStale(a.Host); err != nil {
		return nil, err
	}
	fd, err := newSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: fileName(a.Host)}); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	name, err := nameSocket(a.Host, o)
	if err == nil {
		err = listenOn(fd, o.backlog)
	}
	if err != nil {
		_ = name.remove()
		_ = unix.Close(fd)
		return nil, err
	}
	p, err := newPort(fd, -1)
	if err != nil {
		_ = name.remove()
		return nil, err
	}
	p.addr, p.whyFixed, p.name = a, whyFixedUnix, name
	return p, nil
}

// badUnixPath says why a path cannot be that of a unix socket; "" if it can.
func badUnixPath(path string) (why string, errno syscall.Errno) {
	switch {
	case path == "":
		return "the path is empty", syscall.EINVAL
	case strings.ContainsRune(path[1:], 0):
		return "the path holds a NUL", syscall.EINVAL
	case len(fileName(path)) > maxUnixPath:
		return fmt.Sprintf("the path of a unix socket is at most %d bytes, this one has %d", maxUnixPath, len(path)), syscall.ENAMETOOLONG
	}
	return "", 0
}

// socketPath is the path a worker really means. Node makes every path absolute
// before it asks, even a name without a file; and a path that is too long for
// the kernel may be short enough from where we are (Node's primary looks too).
func socketPath(path string) string {
	if i := strings.Index(path, "/\x00"); i >= 0 {
		return path[i+1:]
	}
	if len(path) <= maxUnixPath {
		return path
	}
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, path); err == nil && len(rel) <= maxUnixPath {
			return rel
		}
	}
	return path
}

// abstract tells whether a path is the name of a socket without a file (Linux,
// unix(7)): it starts with a NUL.
func abstract(path string) bool { return path[0] == 0 }

// openAbstract makes the one socket of a name without a file. The kernel knows
// whether it is in use, and forgets it with its last descriptor.
func openAbstract(a Address, o portOptions) (*port, error) {
	fd, err := newSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	// x/sys writes a NUL for an @ at the start.
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "@" + a.Host[1:]}); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	if err := listenOn(fd, o.backlog); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	p, err := newPort(fd, -1)
	if err != nil {
		return nil, err
	}
	p.addr, p.whyFixed = a, whyFixedUnix
	return p, nil
}

// fileName keeps a path that starts with @ from naming a socket without a file.
func fileName(path string) string {
	if strings.HasPrefix(path, "@") {
		return "./" + path
	}
	return path
}

// nameSocket remembers the file that bind has just made, and opens it to the
// users it is for. The name it returns is usable also with an error.
func nameSocket(path string, o portOptions) (*socketName, error) {
	file, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	n := &socketName{path, file}
	mode := file.Mode().Perm()
	if o.readableAll {
		mode |= 0o444
	}
	if o.writableAll {
		mode |= 0o222
	}
	if mode != file.Mode().Perm() {
		return n, os.Chmod(path, mode)
	}
	return n, nil
}

// remove removes the path if it is still the socket that was made there.
func (n *socketName) remove() error {
	if n == nil {
		return nil
	}
	now, err := os.Lstat(n.path)
	if err == nil && os.SameFile(now, n.file) {
		err = os.Remove(n.path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// clearStale removes the socket a dead process left at path. One that answers,
// and anything that is not a socket, stays and is an error. Two starts on one
// stale path at the same moment can still both find it dead; the later then
// takes the name from the earlier.
func clearStale(path string) error {
	before, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if before.Mode().Type() != fs.ModeSocket {
		return errForeignFile
	}
	switch pid, err := knock(path); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return (&socketName{path, before}).remove()
	case errors.Is(err, syscall.ENOENT):
		return nil
	case outOfResources(err):
		return err
	default: // it answers, or is too busy to, or is of another kind, or is not for us
		return &inUseError{pid}
	}
}

// knock connects to a unix socket and tells who listens there.
func knock(path string) (pid int, err error) {
	fd, err := newSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: fileName(path)}); err != nil {
		return 0, err
	}
	return peerPID(fd), nil
}
