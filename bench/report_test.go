package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   spread
		text   string
	}{
		{[]float64{0.914}, spread{0.914, 0.914, 0.914, 1}, "0.91"},
		{[]float64{3, 1, 2}, spread{2, 1, 3, 3}, "2.00 (1.00 to 3.00)"},
		{[]float64{40, 10, 20, 31}, spread{25.5, 10, 40, 4}, "25.5 (10.0 to 40.0)"},
		{[]float64{9.996, 99.96, 12345.6}, spread{99.96, 9.996, 12345.6, 3}, "100 (10.0 to 12346)"},
	} {
		got := spreadOf(c.values)
		if got != c.want || got.String() != c.text {
			t.Errorf("%v: %+v, %s; want %+v, %s", c.values, got, got, c.want, c.text)
		}
	}
}

func TestSpreadKeepsTheOrderOfItsRounds(t *testing.T) {
	v := []float64{3, 1, 2}
	spreadOf(v)
	if v[0] != 3 || v[1] != 1 || v[2] != 2 {
		t.Errorf("%v", v)
	}
}

func TestReport(t *testing.T) {
	ratio := measurement{"one", []goal{{"a / b", "", 0.85, true}}, nil}
	two := measurement{"two", []goal{{"worker", "MB", 4, false}, {"primary", "MB", 8, false}}, nil}
	gone := measurement{"gone", []goal{{"against it", "% of a core", 0.5, false}}, nil}
	scale := measurement{"scale", []goal{{"another server", "", 0, false}, {"one not installed", "", 0, false}}, nil}
	r := report{
		settings: settings{Rounds: 3, Seconds: 0.5, given: []string{"--rounds 3", "--seconds 0.5"}, Verbose: true},
		machine:  machine{cpu: "AMD EPYC", kernel: "6.18.5", cores: 2, load: "0.10"},
		client:   "wrk",
	}
	r.add(ratio, Result{Values: []spread{spreadOf([]float64{0.85})}, Raw: []string{"round 1: 0.85"}}, nil)
	r.add(two, Result{Values: []spread{spreadOf([]float64{4}), spreadOf([]float64{7, 8.5, 9})}, Notes: []string{"it is so."}}, nil)
	r.add(scale, Result{Values: []spread{spreadOf([]float64{0.4}), {}}}, nil)
	r.add(gone, Result{}, errors.New("it failed\nwith a long output"))
	var b strings.Builder
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "\n\n")
	const want = "| What | Value | Aim | Met | Again |\n" +
		"| --- | --- | --- | --- | --- |\n" +
		"| a / b | 0.85 | at least 0.85 | yes | `go run ./bench one --rounds 3 --seconds 0.5` |\n" +
		"| worker | 4.00 MB | at most 4 MB | yes | `go run ./bench two --rounds 3 --seconds 0.5` |\n" +
		"| primary | 8.50 (7.00 to 9.00) MB | at most 8 MB | no | `go run ./bench two --rounds 3 --seconds 0.5` |\n" +
		"| another server | 0.40 | - | - | `go run ./bench scale --rounds 3 --seconds 0.5` |\n" +
		"| one not installed | not here | - | - | `go run ./bench scale --rounds 3 --seconds 0.5` |\n" +
		"| against it | - | at most 0.5 % of a core | - | `go run ./bench gone --rounds 3 --seconds 0.5` |\n" +
		"\n- two: it is so.\n- gone: not measured: it failed\n" +
		"\n```text\none\n  round 1: 0.85\n```\n"
	if body != want {
		t.Errorf("%s\nwant\n%s", body, want)
	}
	if head := b.String(); !strings.HasPrefix(head, "AMD EPYC, 2 cores, ") || !strings.Contains(head, "load at the start 0.10. Load: wrk. Rounds: 3, of 0.5 s") {
		t.Errorf("%s", head)
	}
}

func TestParseCommandLine(t *testing.T) {
	for _, c := range []struct {
		args, names, given, bad string
	}{
		{"", "rr-shared cpu cpu-paced growth kept rr-node node handoff-cpu traffic dashboard-idle frame start memory replace", "", ""},
		{"start rr-node --verbose", "start rr-node", "", ""},
		{"--seconds 2 --rounds 7 frame", "frame", "--rounds 7", ""},
		{"memory --seconds 0.2 --idle 3s", "memory", "--seconds 0.2 --idle 3s", ""},
		{"nonsense", "", "", `no measurement "nonsense"; there are rr-shared, cpu,`},
		{"--rounds 0", "", "", "at least 1"},
		{"--times -1", "", "", "at least 1"},
		{"--seconds NaN", "", "", "--seconds NaN"},
		{"--seconds 1e9", "", "", "--seconds 1e+09"},
		{"--idle 1ns", "", "", "--idle 1ns"},
		{"--client ab", "", "", `--client "ab"`},
		{"--unknown", "", "", "unknown flag"},
	} {
		s := &suite{progress: io.Discard}
		chosen, err := s.parse(strings.Fields(c.args), s.measurements(), io.Discard)
		if c.bad != "" {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%q: error %v, want one with %q", c.args, err, c.bad)
			}
			continue
		}
		var names []string
		for _, m := range chosen {
			names = append(names, m.name)
		}
		if err != nil || strings.Join(names, " ") != c.names || strings.Join(s.given, " ") != c.given {
			t.Errorf("%q: %v, given %v, %v", c.args, names, s.given, err)
		}
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	var out, errs strings.Builder
	if code := run(context.Background(), []string{"--help"}, &out, &errs); code != 0 || errs.Len() > 0 || !strings.Contains(out.String(), "rr-shared") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

func TestClientForTheTime(t *testing.T) {
	c, err := newClient(context.Background(), "auto", 200*time.Millisecond)
	if _, own := c.(ownClient); !own || err != nil {
		t.Errorf("%T, %v for a part of a second", c, err)
	}
	if c, err := newClient(context.Background(), "wrk", 200*time.Millisecond); err == nil {
		t.Errorf("%T for a part of a second", c)
	}
}
