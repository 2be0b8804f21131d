package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// LookPath finds the file of a command. The path is absolute, so that it stays
// the same in whatever directory the workers run.
func LookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		if path, err = filepath.Abs(path); err != nil {
			return "", fmt.Errorf("command %q: %w", name, err)
		}
		return path, nil
	}
	hint := "install it, or give its path"
	if info, serr := os.Stat(name); serr == nil {
		switch {
		case info.IsDir():
			return "", commandError{fmt.Sprintf("command %q is a directory; give the program in it", name), syscall.EACCES}
		case !strings.ContainsRune(name, filepath.Separator):
			hint = "to run the file in this directory type ./" + name
		case info.Mode().Perm()&0o111 == 0:
			return "", commandError{fmt.Sprintf("command %q is not executable; chmod +x it, or run it by its interpreter (node %s)", name, name), syscall.EACCES}
		}
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", commandError{fmt.Sprintf("command %q was not found; %s", name, hint), syscall.ENOENT}
	}
	return "", fmt.Errorf("command %q: %w", name, err)
}

// commandError is the errno of starting a command, in words that say what to do.
type commandError struct {
	text  string
	errno syscall.Errno
}

func (e commandError) Error() string { return e.text }
func (e commandError) Unwrap() error { return e.errno }
