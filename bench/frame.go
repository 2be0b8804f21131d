package main

import (
	"context"
	"fmt"
	"time"
)

// frame runs the frame benchmarks of the dashboard.
func (s *suite) frame(ctx context.Context) (Result, error) {
	var res Result
	// The benchmark stops its clock in every iteration, and that takes many
	// times as long as the timed part: with a tenth of the seconds a round
	// takes about as long as in other measurements.
	args := []string{"test", "./tui", "-run", "^$", "-bench", "^BenchmarkFrame120x40$",
		"-benchtime", (s.load() / 10).Round(time.Microsecond).String(), "-count", fmt.Sprint(s.Rounds)}
	cmd := command(ctx, "go", args...)
	cmd.Dir = s.root
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return res, ctx.Err()
	case err != nil:
		return res, fmt.Errorf("go test of the frames: %w\n%s", err, out)
	}
	lines := parseBench(string(out))
	for _, workers := range []int{16, 256} {
		name := fmt.Sprintf("BenchmarkFrame120x40/workers=%d", workers)
		var values []float64
		for _, l := range lines {
			if l.name == name {
				values = append(values, l.nsPerOp/1e6)
				res.Raw = append(res.Raw, fmt.Sprintf("%s: %d times, %s ms", l.name, l.n, figure(l.nsPerOp/1e6)))
			}
		}
		if len(values) == 0 {
			return res, fmt.Errorf("go test of the frames: no %s in\n%s", name, out)
		}
		res.Values = append(res.Values, spreadOf(values))
	}
	return res, nil
}
