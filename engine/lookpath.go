package engine

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// lookPath finds the file of a command. The path is absolute, so that it stays
// the same in whatever directory the workers run.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("command %q: %w", name, err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("command %q: %w", name, err)
	}
	return path, nil
}
