// Package kit is what the end-to-end tests share: a cluster's events as they
// come (Log), a command that runs and what it writes (Process), and what must
// hold of every run (CheckLives). Waiting, ports, left-over processes and the
// binary itself are in testkit, which the tests of single packages use too.
//
// A failing test shows what happened before. Nothing a test starts outlives the
// test.
package kit
