package main

import (
	"fmt"
	"io"
	"strings"
)

// report is what is printed at the end.
type report struct {
	settings settings
	machine  machine
	client   string
	rows     []row
	notes    []string
	raw      []string
}

// row is a goal and its result.
type row struct {
	name  string
	goal  goal
	value *spread // nil: not measured
}

// add takes in the result of a measurement, or the error it ended with.
func (r *report) add(m measurement, res Result, err error) {
	for i, g := range m.goals {
		w := row{name: m.name, goal: g}
		if err == nil && res.Values[i].N > 0 {
			w.value = &res.Values[i]
		}
		r.rows = append(r.rows, w)
	}
	if err != nil {
		res.Notes = append(res.Notes, "not measured: "+firstLine(err.Error()))
	}
	for _, n := range res.Notes {
		r.notes = append(r.notes, m.name+": "+n)
	}
	if len(res.Raw) > 0 {
		r.raw = append(r.raw, m.name)
		for _, line := range res.Raw {
			r.raw = append(r.raw, "  "+line)
		}
	}
}

// write prints the report as Markdown.
func (r *report) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. Load: %s. Rounds: %d, of %v s for each side. A value is the median, with the least and the most.\n\n",
		r.machine, r.client, r.settings.Rounds, r.settings.Seconds)
	b.WriteString("| What | Value | Aim | Met | Again |\n| --- | --- | --- | --- | --- |\n")
	for _, w := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | `%s` |\n", w.goal.what, w.shown(), w.goal.aimed(), w.met(), r.again(w.name))
	}
	if len(r.notes) > 0 {
		b.WriteString("\n")
		for _, n := range r.notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	if r.settings.Verbose && len(r.raw) > 0 {
		b.WriteString("\n```text\n" + strings.Join(r.raw, "\n") + "\n```\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// again is the command that repeats a line as it was measured.
func (r *report) again(name string) string {
	return strings.Join(append([]string{"go run ./bench", name}, r.settings.given...), " ")
}

func (w *row) shown() string {
	switch {
	case w.value == nil && w.goal.aim == 0:
		return "not here"
	case w.value == nil:
		return "-"
	}
	return withUnit(w.value.String(), w.goal.unit)
}

func (w *row) met() string {
	switch {
	case w.value == nil, w.goal.aim == 0:
		return "-"
	case w.goal.reached(w.value.Median):
		return "yes"
	}
	return "no"
}

// reached tells whether a value is at the aim or better.
func (g goal) reached(v float64) bool {
	if g.atLeast {
		return v >= g.aim
	}
	return v <= g.aim
}

func (g goal) aimed() string {
	if g.aim == 0 {
		return "-"
	}
	bound := "at most"
	if g.atLeast {
		bound = "at least"
	}
	return withUnit(fmt.Sprintf("%s %v", bound, g.aim), g.unit)
}

func withUnit(value, unit string) string {
	return strings.TrimSuffix(value+" "+unit, " ")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
