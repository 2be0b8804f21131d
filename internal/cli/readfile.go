package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"muster/internal/nodecmd"
)

// unfitError is a file that is not to be read.
type unfitError string

func (e unfitError) Error() string { return string(e) }

// readBounded reads a regular file of at most most bytes. Anything else may have
// no end, or nobody who writes. The error does not name the file.
func readBounded(name string, most int64) ([]byte, error) {
	// A FIFO is opened without waiting for its writer; a device is not opened.
	if info, err := os.Stat(name); err != nil {
		return nil, withoutPath(err)
	} else if err := regular(info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil { // it may be another one by now
		return nil, withoutPath(err)
	} else if err := regular(info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case int64(len(b)) > most:
		return nil, unfitError(fmt.Sprintf("it has more than %d bytes", most))
	}
	return b, nil
}

func regular(info os.FileInfo) error {
	switch {
	case info.IsDir():
		return syscall.EISDIR
	case !info.Mode().IsRegular():
		return unfitError("it is not a regular file")
	}
	return nil
}

// withoutPath is an error of a file that is named already.
func withoutPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// maxNodeFile is bytes of a file that says how a program is started.
const maxNodeFile = 16 << 20

// readNodeFile is nodecmd's view of the file system.
var _ nodecmd.Files = readNodeFile

func readNodeFile(name string) ([]byte, error) {
	b, err := readBounded(name, maxNodeFile)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}
