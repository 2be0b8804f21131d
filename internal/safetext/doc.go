// Package safetext makes text from outside safe and measurable for a terminal.
//
// Outside text is all that muster did not write itself: a worker's output, its
// messages, a command line, an error of the system, a header. Printed raw it
// could move the cursor, change the title or the clipboard, or make the
// terminal answer as if the user had typed. Measured raw it has no honest
// width, and one wrong width breaks every column to its right.
//
// All outside text goes through Line: its result is a single line of visible
// characters, its width is Width, and no later step needs to check it again.
// Style a text after Line, Cut or Pad, never before: the escape sequences of a
// style are escaped like any other.
//
// JSON does the same for text that is JSON already.
//
// Colours of a text (SGR sequences) are harmless, and when escaped they make it
// hard to read: DropSGR removes them before Line, CutSGR gives them to a caller
// that can draw them.
//
// Everything here is a pure function and may be called from any goroutine.
package safetext
