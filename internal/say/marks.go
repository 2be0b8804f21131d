package say

// Mark is the sign before an event's line; which character it is depends on the
// terminal.
type Mark int

const (
	MarkNone Mark = iota
	MarkUser      // done by the user
	MarkWarning
	MarkForked
	MarkOnline
	MarkListening
	MarkLeaving
	MarkDisconnected
	MarkExited
	MarkStopped
)

// Tone is how a line of the log is meant: the caller gives each tone its look.
type Tone int

const (
	ToneText Tone = iota
	ToneMuted
	ToneAccent
	ToneWarn
	ToneDead
)
