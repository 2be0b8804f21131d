// Package loadcmd is muster load, and the dashboard's load: a child process that
// runs it.
//
// What may enter: the flags of the command, where its requests go, the forms of
// its output, the orders it takes while it runs, and both ends of --control. The
// requests themselves and the counting are internal/load's.
//
// What it promises: whatever the server sends is printed safe for a terminal. A
// terminal is given back as it was, however the run ends, and a signal is heard
// whether the output is read or not. A Child ends with the process that started
// it, and Close leaves none.
package loadcmd
