// Package cell makes and measures styled cells: the signs a terminal can show,
// lines of a fixed number of cells, rules, bars, sparklines and the one line of
// text that is being edited. It knows text, styles and widths; it knows nothing
// of clusters, workers or keys. Of this module it imports only styles and
// safetext.
//
// What it promises:
//
//   - A Line, a Rule and every row of a Part is exactly as wide as it was asked
//     for, whatever is written into it. What does not fit is cut, with the sign
//     for it.
//   - Text from outside passes safetext before it is measured or written. Raw
//     alone takes text as it is: it is for text made here.
//   - A style ends with the text it was put on: no style goes on past a Line.
//   - With NewSigns(true) every sign is ASCII, and no sign is wider than in
//     UTF-8, except the names of two arrows, which Say writes.
//
// No value of it may be used by several goroutines at a time, except Signs,
// which never change.
package cell
