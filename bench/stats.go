package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// spread is the result of the rounds of one measurement.
type spread struct {
	Median, Min, Max float64
	N                int // rounds
}

// spreadOf is the spread of at least one value. The median of an even number
// is the mean of the two in the middle.
func spreadOf(values []float64) spread {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return spread{Median: (v[(n-1)/2] + v[n/2]) / 2, Min: v[0], Max: v[n-1], N: n}
}

// String is the median, with the extremes if there is more than one value:
// "0.91 (0.88 to 0.93)".
func (s spread) String() string {
	if s.N == 1 {
		return figure(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", figure(s.Median), figure(s.Min), figure(s.Max))
}

// figure keeps two decimals below 10, one below 100, and none above.
func figure(v float64) string {
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// ms is a time in milliseconds.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
