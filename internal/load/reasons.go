package load

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Reason is why requests failed in one way, and how often. The reasons of a
// kind add up to the kind's count. Text may quote what the server sent: not
// safe for a terminal.
type Reason struct {
	Kind  string // "refused", "reset", "cut", "timed out" or "wrong"
	Text  string // "status 503"; "" = all that are not listed one by one
	Count uint64
}

const (
	maxReasonLen  = 200 // bytes of a text
	maxReasons    = 128 // different texts that are counted: they come from outside
	reasonsOfKind = 8   // per kind, the most frequent, listed one by one
	maxErrors     = 8   // texts of Result.Errors
)

// reasons counts failures by kind and text.
type reasons struct {
	known map[reasonKey]uint64
	rest  [ends]uint64 // failures whose text was one too many
}

type reasonKey struct {
	end  end
	text string
}

func (r *reasons) add(e end, text string) {
	if len(text) > maxReasonLen {
		text = strings.ToValidUTF8(text[:maxReasonLen], "")
	}
	if r.known == nil {
		r.known = map[reasonKey]uint64{}
	}
	key := reasonKey{e, text}
	if _, known := r.known[key]; known || len(r.known) < maxReasons {
		r.known[key]++
		return
	}
	r.rest[e]++
}

// list is the kinds in the order in which they can come: for each kind the most
// frequent reasons first, then the rest.
func (r *reasons) list() []Reason {
	if r.known == nil {
		return nil
	}
	var by [ends][]Reason
	for key, n := range r.known {
		by[key.end] = append(by[key.end], Reason{key.end.String(), key.text, n})
	}
	var out []Reason
	for _, e := range []end{refused, reset, cut, timedOut, wrong} {
		slices.SortFunc(by[e], func(a, b Reason) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Text, b.Text))
		})
		rest := r.rest[e]
		for i, reason := range by[e] {
			if i < reasonsOfKind {
				out = append(out, reason)
			} else {
				rest += reason.Count
			}
		}
		if rest > 0 {
			out = append(out, Reason{Kind: e.String(), Count: rest})
		}
	}
	return out
}

// texts are the most frequent reasons, with their kinds but without counts.
func texts(all []Reason) []string {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Reason) int { return cmp.Compare(b.Count, a.Count) })
	var out []string
	for _, r := range all {
		if r.Text != "" && len(out) < maxErrors {
			out = append(out, r.Kind+": "+r.Text)
		}
	}
	return out
}

// ReasonText is why requests of a kind failed, with the most frequent reasons
// (at most most) one by one: "status 503", or "status 503 x 590, status 302 x
// 7, others x 3". "" = there is no reason.
func ReasonText(all []Reason, kind string, most int) string {
	var of []Reason
	var rest uint64
	for _, r := range all {
		switch {
		case r.Kind != kind:
		case r.Text == "" || len(of) == most:
			rest += r.Count
		default:
			of = append(of, r)
		}
	}
	if len(of) == 1 && rest == 0 {
		return of[0].Text
	}
	var parts []string
	for _, r := range of {
		parts = append(parts, fmt.Sprintf("%s x %d", r.Text, r.Count))
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("others x %d", rest))
	}
	return strings.Join(parts, ", ")
}
