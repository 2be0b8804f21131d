// Package tour is the guided tour: chapters of steps that drive a real cluster.
//
// A step is one sentence, the call it stands for, the cluster it starts from,
// the traffic that runs meanwhile, what it does and how to see that it has
// happened. Nothing in it is a recording: the tour reads what a step causes
// from the cluster's own events and snapshots, so the tour played by itself is
// a test of the cluster.
//
// Script is the tour as data. A Player plays the script on a cluster, and knows
// nothing of screens.
package tour
