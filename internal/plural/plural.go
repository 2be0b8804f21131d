// Package plural counts things in words.
//
// What may enter: numbers and English words. It knows nothing of a cluster or a
// screen.
package plural

import "fmt"

// Of is "1 connection", "2 connections".
func Of[N int | uint64](n N, one string) string { return Irregular(n, one, one+"s") }

// Irregular is Of for words whose plural has no plain s.
func Irregular[N int | uint64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
