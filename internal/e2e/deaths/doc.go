// Package deaths holds tests only: they compare what a cluster says a
// worker's death cost (ExitDetail.Cut) with what clients that count have seen.
//
// MUSTER_DEATHS is how many deaths of each kind are tried: make deaths tries 200.
package deaths
