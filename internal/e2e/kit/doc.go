// Package kit is what the end-to-end tests share: a cluster's events as they
// come (Log), a command that runs and what it writes (Process), and what must
// hold of every run (CheckLives). Waiting, ports, processes that are left and the
// binary itself are in testkit, which the tests of single rooms use too.
//
// A test that fails says what happened before. Nothing a test starts outlives it.
package kit
