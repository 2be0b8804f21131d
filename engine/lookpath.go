package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lookPath finds the file of a command. The path is absolute, so that it stays
// the same in whatever directory the workers run.
func lookPath(name string) (string, error) {
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
			return "", fmt.Errorf("command %q is a directory; give the program in it", name)
		case !strings.ContainsRune(name, filepath.Separator):
			hint = "to run the file in this directory type ./" + name
		case info.Mode().Perm()&0o111 == 0:
			return "", fmt.Errorf("command %q is not executable; chmod +x it, or run it by its interpreter (node %s)", name, name)
		}
	}
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("command %q was not found; %s", name, hint)
	}
	return "", fmt.Errorf("command %q: %w", name, err)
}
