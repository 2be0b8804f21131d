package main

import "context"

// measurement is one thing that can be asked for by name. To add one: a file
// with its run method, and its entry in measurements.go.
type measurement struct {
	name  string
	goals []goal // what the measurement finds out, in the order of Result.Values
	run   func(context.Context) (Result, error)
}

// goal is one line of the table before it is measured.
type goal struct {
	what    string
	unit    string  // "" for a ratio
	aim     float64 // 0 = none: it is there for scale, and not every machine has it
	atLeast bool    // the aim is a lower bound, otherwise an upper one
}

// Result is what a measurement found.
type Result struct {
	Values []spread // one for each goal; the zero spread = this machine does not have it
	Notes  []string // what a reader of the value must know, each one sentence
	Raw    []string // a line for each round, for --verbose
}

// add adds what one part of a measurement found.
func (r *Result) add(name string, part Result) {
	r.Values = append(r.Values, part.Values...)
	for _, n := range part.Notes {
		r.Notes = append(r.Notes, name+": "+n)
	}
	for _, line := range part.Raw {
		r.Raw = append(r.Raw, name+", "+line)
	}
}

// notHere is the error of a measurement that this machine cannot make. It is
// no failure.
type notHere struct{ why string }

func (e *notHere) Error() string { return e.why }
