//go:build !race

package testkit

// Race tells that the tests run under the race detector.
const Race = false
