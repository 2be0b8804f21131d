package main

import (
	"strconv"
	"strings"
)

// benchLine is a result line of go test -bench.
type benchLine struct {
	name    string // without the number of processors at its end
	n       int    // iterations
	nsPerOp float64
}

// parseBench returns the result lines; everything else go test prints is left
// out:
//
//	BenchmarkFrame120x40/workers=16-2   2168   523041 ns/op   91234 B/op   812 allocs/op
func parseBench(text string) (lines []benchLine) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") || f[3] != "ns/op" {
			continue
		}
		n, err := strconv.Atoi(f[1])
		if err != nil {
			continue
		}
		ns, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			continue
		}
		lines = append(lines, benchLine{withoutProcs(f[0]), n, ns})
	}
	return lines
}

// withoutProcs cuts the "-2" that go test appends when GOMAXPROCS is not 1.
func withoutProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.ParseUint(name[i+1:], 10, 32); err != nil {
		return name
	}
	return name[:i]
}
