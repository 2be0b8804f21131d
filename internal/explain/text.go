package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"muster/engine"
	"muster/internal/wireword"
)

// same is the text where the other policy makes no difference.
const same = "the same."

// Text is an explanation. Parts of it may come from outside (what a worker
// wrote), so it is not safe for a terminal as it is.
type Text struct {
	Title string        // what is explained: "exit of worker 4"
	Means string        // what it means
	Good  string        // what it is good at, "" = it is no policy
	Bad   string        // what it is bad at, likewise
	Cause string        // what caused it
	Call  string        // which call or event of the cluster API it is, in Node and in Go
	Than  engine.Policy // the other policy, of which Other speaks
	Other string        // what the other policy would do
}

// Part is one of the parts with its short name.
type Part struct{ Name, Text string }

// Names of two parts of a policy's explanation, for those who list policies.
const (
	GoodAt = "good at"
	BadAt  = "bad at"
)

// Parts are the parts in their order: four, and two more if it is about a policy.
// The last is named after the other policy.
func (t Text) Parts() []Part {
	ps := []Part{{"means", t.Means}}
	if t.Good != "" {
		ps = append(ps, Part{GoodAt, t.Good}, Part{BadAt, t.Bad})
	}
	return append(ps, Part{"cause", t.Cause}, Part{"call", t.Call}, Part{t.Than.String(), t.Other})
}

// inForce is the policy of a snapshot, or what is used instead of it; rr, the default,
// without a snapshot.
func inForce(s *engine.Snapshot) engine.Policy {
	if s == nil || s.Policy == 0 {
		return engine.SchedRR
	}
	return s.PolicyUsed()
}

// primaryDeals tells whether the primary deals; it does in rr, without a snapshot.
func primaryDeals(s *engine.Snapshot) bool { return s != nil && s.ByHand || inForce(s).PrimaryDeals() }

// otherPolicy is the policy that the one in force is compared with: under it another
// side deals, so it is shared where the primary deals, for whatever reason.
func otherPolicy(s *engine.Snapshot) engine.Policy {
	if primaryDeals(s) {
		return engine.SchedShared
	}
	return engine.SchedRR
}

// instead picks what the other policy would do: shared is said while the primary
// deals, rr while it does not.
func instead(s *engine.Snapshot, shared, rr string) string {
	if primaryDeals(s) {
		return shared
	}
	return rr
}

// Wrap breaks text into lines of at most cells, as width measures them. A word
// that is too long for a line is broken.
func Wrap(text string, cells int, width func(string) int) []string {
	cells = max(cells, 1)
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && width(line)+1+width(word) <= cells {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > cells {
			n := breakAt(word, cells, width)
			lines = append(lines, word[:n])
			word = word[n:]
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// breakAt is how many bytes of word fit in cells, at least one character.
func breakAt(word string, cells int, width func(string) int) int {
	n := 0
	for n < len(word) {
		_, size := utf8.DecodeRuneInString(word[n:])
		if n > 0 && width(word[:n+size]) > cells {
			break
		}
		n += size
	}
	return n
}

// said quotes outside text, cut so that an explanation stays short.
func said(text string) string {
	const most = 40 // characters
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) > most {
		r := []rune(text)
		text = string(r[:most-3]) + "..."
	}
	return `"` + text + `"`
}

func worker(id int) string { return "worker " + strconv.Itoa(id) }

// Worker is as worker, for the beginning of a sentence.
func begin(id int) string { return "Worker " + strconv.Itoa(id) }

// span is a time in a sentence: "20 us", "18 ms", "0.4 s", "12 s", "4m12s".
func span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d == 0:
		return "0 ms"
	case d < time.Millisecond:
		return strconv.FormatInt(max(d.Microseconds(), 1), 10) + " us"
	case d < time.Second-time.Millisecond/2:
		return strconv.FormatFloat(d.Seconds()*1000, 'f', 0, 64) + " ms"
	case d < 9950*time.Millisecond:
		return strings.TrimSuffix(strconv.FormatFloat(d.Seconds(), 'f', 1, 64), ".0") + " s"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// millis is span of an event's milliseconds; impossible times are cut to a
// possible one.
func millis(ms float64) string {
	const most = 1e12
	if !(ms > 0) { // also NaN
		ms = 0
	}
	return span(time.Duration(min(ms, most) * float64(time.Millisecond)))
}

// by is who caused an event, for a sentence "... asked for it".
func by(b engine.By) string {
	switch b {
	case wireword.ByKey:
		return "A key of the dashboard"
	case engine.ByAPI:
		return "A call of the API"
	case engine.BySupervisor:
		return "The supervisor (the rules of restart, stall and grace)"
	case engine.ByOutside:
		return "Something outside muster"
	}
	return "Somebody who is not known"
}

// since is how long something took, counted from the death it makes good, if
// there was one.
func since(ms, deathMs float64, of int) string {
	if deathMs > 0 && of != 0 {
		return fmt.Sprintf("%s after the death of %s", millis(deathMs), worker(of))
	}
	return millis(ms) + " after its fork"
}
