package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/styles"
	"muster/tui/internal/cell"
)

const (
	tourLines    = 8  // lines of the pane, with its rule
	tourLinesTwo = 10 // on a screen of twoH lines or more
	tourLeastLog = 3  // fewest lines of log below it that are worth showing, with its rule
	tourIndent   = 9  // " call    "
)

// tourRows is how many of the log's rows lines and its rule the tour takes. If
// too few are left for a log the tour takes all.
func tourRows(s *screen, rows int) int {
	if !tourSeen(s) {
		return 0
	}
	n := tourLines
	if s.h >= twoH {
		n = tourLinesTwo
	}
	if rows+1-n < tourLeastLog {
		return rows + 1
	}
	return n
}

// belowTable is the log, under the tour if there is one: one line more than
// rows in all.
func belowTable(s *screen, w, rows, y, joint int) ([]string, []zone) {
	n := tourRows(s, rows)
	if n == 0 {
		return logPane(s, w, rows, y, joint)
	}
	out := tourPane(s, w, n, joint)
	if n == rows+1 {
		return out, nil
	}
	lines, zones := logPane(s, w, rows-n, y+n, 0)
	return append(out, lines...), zones
}

// tourPane is the tour in n lines: its rule, the sentence and the call and, as
// far as there is room, what to look at and the events of the step.
func tourPane(s *screen, w, n, joint int) []string {
	v := &s.tour.view
	right := fmt.Sprintf("step %d of %d", v.Step, v.Steps)
	if v.Waits && v.Trouble == "" {
		right = s.signs.Done + " " + right
	}
	title := fmt.Sprintf("tour %d of %d: %s", v.Chapter, v.Chapters, v.Title)
	out := []string{cell.Rule{Title: title, Right: right, Joint: joint}.Draw(s.pen(), w)}
	for _, text := range cell.Wrapped(v.Say, w-2) {
		l := cell.NewLine(w, s.signs)
		l.Put(s.theme.Bold, " "+text)
		out = append(out, l.String())
	}
	out = append(out, tourLine(s, w, "call", v.Call, s.theme.Accent))
	facts := []string{v.Fact, v.Load}
	if strings.Contains(v.Fact, "\n") {
		facts = facts[:1] // there is no room for more
	}
	facts = slices.DeleteFunc(facts, func(f string) bool { return f == "" })
	switch {
	case v.Trouble != "":
		out = append(out, tourLine(s, w, s.signs.Warning, v.Trouble, s.theme.Warn))
	case len(facts) == 2:
		out = append(out, tourLine(s, w, "now", cell.Fitting(w-tourIndent, facts[0]+"   "+facts[1], facts[0]), s.theme.Text))
	case len(facts) == 1:
		name := "now"
		for text := range strings.SplitSeq(facts[0], "\n") {
			out = append(out, tourLine(s, w, name, text, s.theme.Text))
			name = ""
		}
	}
	for _, l := range s.tour.lines[max(len(s.tour.lines)-max(n-len(out), 0), 0):] {
		out = append(out, tourEvent(s, l, w))
	}
	return cell.FilledUp(out[:min(len(out), n)], n, w)
}

// tourLine is a line of the pane with a name before it.
func tourLine(s *screen, w int, name, text string, st styles.Style) string {
	l := cell.NewLine(w, s.signs)
	l.Put(s.theme.Muted, " "+name)
	l.To(tourIndent)
	l.Put(st, text)
	return l.String()
}

// tourEvent is an event the step has caused. Its time is in the log.
func tourEvent(s *screen, ll logLine, w int) string {
	l := cell.NewLine(w, s.signs)
	l.Put(s.theme.Muted, " event")
	l.To(tourIndent)
	tone := toneStyle(s.theme, ll.Tone)
	l.Raw(tone, markSign(s.signs, ll.Mark), 1)
	worker := unknown
	if ll.worker != 0 {
		worker = strconv.Itoa(ll.worker)
	}
	l.Right(s.theme.Text, worker, max(3, len(worker)))
	l.Gap(2)
	l.Padded(tone, ll.Kind, 11)
	l.Put(s.theme.Text, cell.Fitting(w-l.Used(), ll.Plain...))
	return l.String()
}

// tourHints are the keys of the tour, before those of the overview.
func tourHints(s *screen) []hint {
	hs := []hint{{"enter", "on", "on"}, {"◄", "back", "back"}, {"R", "reset", "reset"}, {"q", "quit", "quit"}}
	for _, h := range placeHints(s, inMain) {
		if h.key != bindingOf(actFreeze).asHint(s.vim).key && h.key != "q" {
			hs = append(hs, h)
		}
	}
	return hs
}
