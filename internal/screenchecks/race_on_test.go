//go:build race

package screenchecks

// raceOn tells whether the race detector is on: muster is built with it then
// too.
const raceOn = true
