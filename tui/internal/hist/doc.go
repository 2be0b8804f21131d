// Package hist keeps what the snapshots of the last two minutes said: one cell
// per tick for each figure of each worker and of the cluster, the answer times
// and the shares of the last ten seconds, and the scales the figures are drawn
// on. It is fed with snapshots and is otherwise pure arithmetic: no styles, no
// signs, no clock. Of this module it imports only engine.
//
// What it promises:
//
//   - What is not known is NaN, or -1 where the value is a time or a share; a
//     missed tick is a cell that is not known, never a guess.
//   - A snapshot of a tick that was added already changes nothing. One of an
//     older tick is of another primary, and the history begins anew.
//   - A scale grows at once and shrinks only after five ticks, so that a picture
//     does not jump. What is kept is bounded, and goes with its worker.
//   - A nil *History answers every question, with "not known".
//
// A History belongs to one goroutine.
package hist
