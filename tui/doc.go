// Package tui is the live dashboard over a cluster: a bubbletea program that
// turns keys into commands, and what the cluster tells into pictures. The
// package knows the engine's values (Snapshot, Event, Command) and one small
// interface, none of the engine's internals.
//
// It has two halves, with a value between them:
//
//   - program.go and what it calls take messages in. They fill a screen
//     (screen.go) and never wait: what may wait is a tea.Cmd.
//   - render.go turns a screen into a frame: exactly h lines of exactly w
//     cells, and the zones the mouse can hit. layout.go says what stands
//     where; each pane has a file of its own.
//
// Files refer downwards: values (screen.go, keys.go, logline.go, columns.go),
// then the model (model.go) and the panes' common form (dialog.go), then each
// pane with its keys and its drawing, then the files that hand out keys and
// messages (keyboard.go, mouse.go, program.go), then the process around them
// (runner.go). Packages of their own, which know no model: internal/cell for
// styled cells, internal/hist for histories, internal/term for the terminal.
//
// What holds for every frame:
//
//   - Above shows, below talks: the workers' table is never covered. Menus,
//     questions and explanations take the place of the log below it.
//   - What is not known, not measurable or not alive is "-"; zero is "0".
//   - Text from outside passes safetext before it is measured or drawn, and
//     x/ansi is the only measure of width.
//   - Colours say nothing that words and signs do not say as well.
//
// A row is drawn again only if something in it changed, so a frame of 120x40
// costs well under a millisecond.
package tui
