package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// enterDir makes dir ("" = the present one) the working directory and returns
// the path to start the workers in, "" if they can only inherit ours. The path
// keeps its symbolic links: they are resolved anew for each worker, so that a
// worker forked after a link has changed runs in the link's new target.
func enterDir(dir string) (string, error) {
	if dir != "" {
		path, err := absolute(dir)
		if err != nil {
			return "", err
		}
		if err := os.Chdir(path); err != nil {
			return "", fmt.Errorf("--cwd %q: %w", dir, unwrapped(err))
		}
		// From here on this process and its children look up names from this
		// path.
		return path, os.Setenv("PWD", path)
	}
	own, err := os.Getwd() // $PWD, if it names this directory
	if err != nil {
		return "", fmt.Errorf("finding the working directory: %w; start muster in one that exists, or give --cwd DIR", unwrapped(err))
	}
	// The path may be one that this user could not enter.
	if here, err := os.Stat("."); err == nil {
		if there, err := os.Stat(own + "/."); err == nil && os.SameFile(here, there) {
			return own, nil
		}
	}
	return "", nil
}

// absolute is the absolute path of dir, with links unresolved. A ".." after a
// link does not lead back to the link's own directory, so it is left to the
// kernel.
func absolute(dir string) (string, error) {
	if !filepath.IsAbs(dir) {
		own, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("--cwd %q: finding the working directory: %w", dir, unwrapped(err))
		}
		dir = own + "/" + dir
	}
	if strings.Contains(dir, "..") {
		return dir, nil
	}
	return filepath.Clean(dir), nil
}

// unwrapped is err without its call and path.
func unwrapped(err error) error {
	if p := (*os.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	if s := (*os.SyscallError)(nil); errors.As(err, &s) {
		return s.Err
	}
	return err
}

// dirValue is a directory.
type dirValue struct{ p *string }

func (v dirValue) Set(s string) error {
	if s == "" || strings.ContainsRune(s, 0) {
		return errors.New("must be a directory")
	}
	*v.p = s
	return nil
}

func (v dirValue) String() string {
	if v.p == nil {
		return ""
	}
	return *v.p
}

func (dirValue) Type() string { return "DIR" }
