// Package quietterm keeps bubbletea from questioning the terminal at import
// time.
//
// bubbletea v1 has an init function that asks lipgloss, and so termenv, for
// the terminal's background colour: before main it writes OSC 11 and CSI 6n to
// stdout, if that is a terminal, and waits up to five seconds for the answer.
// On a terminal that does not answer (a bare pseudo-terminal, a serial line, a
// recorder) the first frame comes five seconds late; on one that answers late
// the answer arrives as if it had been typed. A command that only prints a
// version would pay as well. termenv leaves the question out when TERM is dumb.
//
// So this package sets TERM=dumb in its init and keeps the real name for
// Restore. That must happen before bubbletea's init, and does without anybody
// having to order imports: Go initialises packages in the order of their import
// paths, each as soon as all it imports is initialised. This package needs os
// alone. bubbletea needs packages that need os themselves and come after
// "muster/" in that order (os/exec, strings, unicode). For that reason this
// package must never import anything else.
//
// Whoever imports bubbletea imports this too, and calls Restore first thing,
// before anything asks for the terminal's colours or starts a process that
// would inherit TERM=dumb. After that nobody has asked for the background: say
// which it is with lipgloss.SetHasDarkBackground.
package quietterm

import "os"

// quiet is the name termenv asks nothing of.
const quiet = "dumb"

// real and set are TERM as it was before init. Nothing but init writes them.
var real, set = os.LookupEnv("TERM")

func init() {
	// An unset TERM is asked too: termenv looks at the terminal, not at the name.
	if real != quiet {
		os.Setenv("TERM", quiet) // cannot fail: the name and value are well formed
	}
}

// Term returns TERM as it was when the process started, "" if it was not set.
// It may be called from any goroutine, before and after Restore.
func Term() string { return real }

// Restore puts TERM back to what it was when the process started. It may be
// called more than once and from any goroutine; a TERM that somebody has set to
// another name in between stays.
func Restore() {
	if os.Getenv("TERM") != quiet {
		return
	}
	if !set {
		os.Unsetenv("TERM")
		return
	}
	os.Setenv("TERM", real)
}
