package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// UnfitError is the error for a file that must not be read.
type UnfitError string

func (e UnfitError) Error() string { return string(e) }

// ReadBounded reads a regular file of at most most bytes. Other kinds of file
// may have no end, or no writer. The error does not name the file.
func ReadBounded(name string, most int64) ([]byte, error) {
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
	if info, err := f.Stat(); err != nil { // the name may be another file by now
		return nil, withoutPath(err)
	} else if err := regular(info); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case int64(len(b)) > most:
		return nil, UnfitError(fmt.Sprintf("it has more than %d bytes", most))
	}
	return b, nil
}

func regular(info os.FileInfo) error {
	switch {
	case info.IsDir():
		return syscall.EISDIR
	case !info.Mode().IsRegular():
		return UnfitError("it is not a regular file")
	}
	return nil
}

// withoutPath is err without its path, for a message that names the file
// already.
func withoutPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
