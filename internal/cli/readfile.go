package cli

import (
	"os"

	"muster/internal/cli/internal/command"
	"muster/internal/nodecmd"
)

// maxNodeFile is the most bytes of a file that says how a program is started.
const maxNodeFile = 16 << 20

// readNodeFile reads files for nodecmd.
var _ nodecmd.Files = readNodeFile

func readNodeFile(name string) ([]byte, error) {
	b, err := command.ReadBounded(name, maxNodeFile)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: name, Err: err}
	}
	return b, nil
}
