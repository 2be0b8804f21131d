// Package screen drives the real muster on terminals: a pseudo-terminal
// whose output goes through an emulator, and tmux. It holds only tests,
// numbered as in the table of checks each of them quotes.
//
// What a terminal got is looked at twice, as the bytes that were written and
// as the screen they make: a sequence that does harm may leave a screen that
// looks right, and harmless bytes may leave a torn one.
package screen
