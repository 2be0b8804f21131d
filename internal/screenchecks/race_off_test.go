//go:build !race

package screenchecks

// raceOn: see race_on_test.go.
const raceOn = false
