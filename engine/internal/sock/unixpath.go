package sock

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

// ErrForeignFile: the file at the path of a unix socket is no socket. It
// belongs to somebody and stays.
var ErrForeignFile = fmt.Errorf("a file that is not a socket is in its place: %w", syscall.EADDRINUSE)

// inUseError is the error for an address at which somebody answers.
type inUseError struct{ pid int } // 0 = not known

func (*inUseError) Error() string { return "it answers" }
func (*inUseError) Unwrap() error { return syscall.EADDRINUSE }

// openUnix makes the one socket of a path.
func openUnix(a Addr, o Options) (*Port, error) {
	if why, errno := BadUnixPath(a.Host); why != "" {
		return nil, fmt.Errorf("%s (%w)", why, errno)
	}
	if abstract(a.Host) {
		return openAbstract(a, o)
	}
	fd, name, err := bindUnix(a.Host, o)
	if err != nil {
		return nil, err
	}
	if err := listenOn(fd, o.Backlog); err != nil {
		_ = name.remove()
		_ = unix.Close(fd)
		return nil, err
	}
	p, err := newPort(fd)
	if err != nil {
		_ = name.remove()
		return nil, err
	}
	p.addr, p.whyFixed, p.name = a, whyFixedUnix, name
	return p, nil
}

// bindTries is how often a path is bound again that is removed while the socket
// is being named: as often as there can be workers.
const bindTries = 256

// bindUnix makes a socket with a name. Meanwhile workers that come up may
// remove the path, each of them once: see Name.
func bindUnix(path string, o Options) (fd int, name *Name, err error) {
	for range bindTries {
		if err := clearStale(path); err != nil {
			return -1, nil, err
		}
		fd, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return -1, nil, err
		}
		err = os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrUnix{Name: fileName(path)}))
		if err != nil {
			_ = unix.Close(fd)
			return -1, nil, err
		}
		name, err := nameSocket(path, o)
		if err == nil {
			return fd, name, nil
		}
		_ = name.remove()
		_ = unix.Close(fd)
		if !errors.Is(err, fs.ErrNotExist) {
			return -1, nil, err
		}
	}
	return -1, nil, errNameRemoved
}

// BadUnixPath says why a path cannot be the path of a unix socket; "" if it
// can.
func BadUnixPath(path string) (why string, errno syscall.Errno) {
	switch {
	case path == "":
		return "the path is empty", syscall.EINVAL
	case strings.ContainsRune(path[1:], 0):
		return "the path holds a NUL", syscall.EINVAL
	case len(fileName(path)) > MaxUnixPath:
		return fmt.Sprintf("the path of a unix socket is at most %d bytes, this one has %d", MaxUnixPath, len(path)), syscall.ENAMETOOLONG
	}
	return "", 0
}

// SocketPath is the path a worker really means. Node makes every path absolute
// before it asks, even a name without a file; and a path that is too long for
// the kernel may be short enough relative to our working directory (Node's
// primary tries that too).
func SocketPath(path string) string {
	if i := strings.Index(path, "/\x00"); i >= 0 {
		return path[i+1:]
	}
	if len(path) <= MaxUnixPath {
		return path
	}
	if dir, err := unix.Getwd(); err == nil { // not os.Getwd, which asks the file system
		if rel, err := filepath.Rel(dir, path); err == nil && len(rel) <= MaxUnixPath {
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
func openAbstract(a Addr, o Options) (*Port, error) {
	fd, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	// x/sys writes a NUL for an @ at the start.
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: "@" + a.Host[1:]}); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("bind", err)
	}
	if err := listenOn(fd, o.Backlog); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	p, err := newPort(fd)
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

// clearStale removes the socket a dead process left at path. A socket that
// answers, or a file that is no socket, stays and is an error. Two starts on
// one stale path at the same moment can still both find the socket dead; the
// later start then takes the name from the earlier.
func clearStale(path string) error {
	before, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if before.Mode().Type() != fs.ModeSocket {
		return ErrForeignFile
	}
	switch pid, err := knock(path); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return (&Name{path: path, file: before}).remove()
	case errors.Is(err, syscall.ENOENT):
		return nil
	case OutOfResources(err):
		return err
	default: // it answers, is too busy to answer, is of another kind, or does not let us connect
		return &inUseError{pid}
	}
}

// knock connects to a unix socket and tells who listens there.
func knock(path string) (pid int, err error) {
	fd, err := NewSocket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: fileName(path)}); err != nil {
		return 0, err
	}
	return peerPID(fd), nil
}
