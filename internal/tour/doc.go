// Package tour is the guided tour: chapters of steps that drive a real cluster.
//
// A step is one sentence, the call it stands for, the cluster it starts from,
// the traffic that runs meanwhile, what it does and how one knows that it has
// happened. Nothing in it is a recording: what a step causes is read from the
// cluster's own events and pictures, so the tour played by itself is a test of
// the cluster.
//
// Script is the tour as data. A Player plays it on a cluster; it knows nothing
// of screens.
package tour
