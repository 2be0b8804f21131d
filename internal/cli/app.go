package cli

import "muster/internal/cli/internal/command"

// app is a command line at work: what its commands have.
type app struct {
	command.World
	args []string // the arguments after the program's name
}
