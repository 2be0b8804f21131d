package engine

import (
	"os"
	"path/filepath"
	"strings"
)

// workerName stands between the program's name and the worker's id, in argv[0].
const workerName = ": worker "

// ownName is what this program is called, also in a worker, where the worker's
// id follows it.
func ownName() string {
	if len(os.Args) == 0 {
		return nameOf("")
	}
	return nameOf(os.Args[0])
}

// nameOf is what a program with that argv[0] is called.
func nameOf(argv0 string) string {
	name, _, _ := strings.Cut(argv0, workerName)
	if name == "" {
		return "muster"
	}
	return filepath.Base(name)
}
