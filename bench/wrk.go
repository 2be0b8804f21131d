package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// wrk is https://github.com/wg/wrk. It checks the status only.
type wrk struct{ path, version string }

func (w wrk) name() string {
	return strings.TrimSpace("wrk "+w.version) + fmt.Sprintf(", 1 thread, %d connections", clients)
}

func (w wrk) load(ctx context.Context, addr string, d time.Duration, r reuse) (traffic, error) {
	out, err := command(ctx, w.path, wrkArgs(addr, d, r)...).CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return traffic{}, ctx.Err()
	case err != nil:
		return traffic{}, fmt.Errorf("running wrk: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return parseWrk(string(out))
}

func wrkArgs(addr string, d time.Duration, r reuse) []string {
	args := []string{"-t1", fmt.Sprintf("-c%d", clients), fmt.Sprintf("-d%ds", int(d/time.Second))}
	if r == perRequest {
		args = append(args, "-H", "Connection: close")
	}
	return append(args, "http://"+addr+"/")
}

// wrkVersion is "4.1.0", or "" if wrk does not say. wrk -v ends with 1.
func wrkVersion(ctx context.Context, path string) string {
	out, _ := exec.CommandContext(ctx, path, "-v").CombinedOutput()
	for word := range strings.FieldsSeq(string(out)) {
		word = strings.TrimPrefix(word, "debian/")
		if word != "" && word[0] >= '0' && word[0] <= '9' {
			version, _, _ := strings.Cut(word, "-")
			return version
		}
	}
	return ""
}

// parseWrk reads what wrk prints at its end:
//
//	  30123 requests in 2.01s, 4.50MB read
//	  Socket errors: connect 0, read 12, write 0, timeout 0
//	  Non-2xx or 3xx responses: 4
//	Requests/sec:  14986.57
//
// The two lines in the middle appear only if there are errors. wrk counts
// answers with another status among the requests; they are subtracted here,
// also from the rate.
func parseWrk(text string) (traffic, error) {
	var t traffic
	var bad uint64
	var took time.Duration
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		var err error
		if number, rest, ok := strings.Cut(line, " requests in "); ok {
			if t.requests, err = strconv.ParseUint(number, 10, 64); err == nil {
				in, _, _ := strings.Cut(rest, ",")
				took, err = time.ParseDuration(in)
			}
		} else if counts, ok := strings.CutPrefix(line, "Socket errors: "); ok {
			t.failed, err = sumCounts(counts)
		} else if number, ok := strings.CutPrefix(line, "Non-2xx or 3xx responses: "); ok {
			bad, err = strconv.ParseUint(number, 10, 64)
		}
		if err != nil {
			return traffic{}, fmt.Errorf("reading wrk's %q: %w", line, err)
		}
	}
	if took <= 0 || bad > t.requests {
		return traffic{}, fmt.Errorf("reading wrk's result: %w in %.200q", errNoResult, text)
	}
	t.requests -= bad
	t.failed += bad
	t.perSecond = float64(t.requests) / took.Seconds()
	return t, nil
}

var errNoResult = errors.New("no result")

// sumCounts adds "connect 0, read 12, write 0, timeout 0".
func sumCounts(counts string) (sum uint64, err error) {
	for count := range strings.SplitSeq(counts, ", ") {
		_, number, _ := strings.Cut(count, " ")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
