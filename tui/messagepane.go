package tui

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/engine"
	"muster/internal/safetext"
	"muster/tui/internal/cell"
)

// draw is the prompt of M under its rule: the text, what will be sent, and
// below it the messages so far, so that an answer is seen where the question
// was typed.
func (d *messagePrompt) draw(s *screen, a area) ([]string, []zone) {
	const ruleFrom = 7 // number of rows from which the exchange has a rule of its own
	title := "message to worker " + strconv.Itoa(d.worker)
	facts := cell.Fitting(a.w-safetext.Width(title)-7, messageFacts(s, d)...) // 7: what the rule has around them
	out := []string{cell.Rule{Title: title, Right: facts, Joint: a.joint}.Draw(s.pen(), a.w)}

	l := cell.NewLine(a.w-1, s.signs) // a cell stays free before the edge
	l.Put(s.theme.Muted, " message ")
	d.edit.Draw(s.pen(), l)
	out = append(out, l.String()+" ", callLine(s, d, a.w))
	if a.rows >= ruleFrom {
		out = append(out, cell.Rule{Title: "sent to it and received from it"}.Draw(s.pen(), a.w))
	}
	out = append(out, exchange(s, d.worker, a.w, 1+a.rows-len(out))...)
	return cell.FilledUp(out, 1+a.rows, a.w), nil
}

// messageFacts are what the rule says of the target, longest form first.
func messageFacts(s *screen, d *messagePrompt) []string {
	pid := "pid " + strconv.Itoa(d.pid)
	why := ""
	switch w := d.target(s.snap); {
	case w == nil:
		why = "it has ended"
	case !w.Connected:
		why = "its channel is closed"
	default:
		return []string{pid}
	}
	return []string{pid + "   " + why + ": nothing will be sent", pid + "   " + why, why}
}

// callLine says what enter will send.
func callLine(s *screen, d *messagePrompt, w int) string {
	l := cell.NewLine(w, s.signs)
	l.Put(s.theme.Muted, killCall)
	if d.edit.Value() == "" {
		l.Put(s.theme.Muted, cell.Fitting(w-l.Used(), "type a JSON value; any other text is sent as a JSON string", "type JSON; other text goes as a string"))
		return l.String()
	}
	l.Put(s.theme.Text, fmt.Sprintf("cluster.workers[%d].send(%s)", d.worker, messageOf(d.edit.Value())))
	if note := "  not JSON: a string"; meantAsJSON(d.edit.Value()) && l.Used()+len(note) < w {
		l.Put(s.theme.Warn, note)
	}
	return l.String()
}

// meantAsJSON tells whether a text that is not JSON looks as if it was meant to
// be.
func meantAsJSON(text string) bool {
	text = strings.TrimSpace(text)
	return text != "" && strings.Contains(`{["`, text[:1]) && !json.Valid([]byte(text))
}

// exchange is the newest messages to and from a worker in at most rows lines.
func exchange(s *screen, worker, w, rows int) []string {
	var out []string
	for i := len(s.all) - 1; i >= 0 && len(out) < rows; i-- {
		ll := &s.all[i]
		if ll.worker != worker {
			continue
		}
		sign := ""
		switch engine.Kind(ll.Kind) {
		case engine.KindSend:
			sign = s.signs.Sent
		case engine.KindMessage:
			sign = s.signs.Received
		default:
			continue
		}
		l := cell.NewLine(w, s.signs)
		l.Gap(1)
		l.Put(s.theme.Muted, clockText(ll.time, false))
		l.Gap(1)
		l.Raw(s.theme.Accent, sign, 1)
		l.Gap(1)
		l.Put(s.theme.Text, cell.Fitting(w-l.Used(), ll.Plain...))
		out = append(out, l.String())
	}
	if len(out) == 0 && rows > 0 {
		l := cell.NewLine(w, s.signs)
		l.Put(s.theme.Muted, " nothing was sent to it yet, and nothing came from it")
		return []string{l.String()}
	}
	slices.Reverse(out)
	return out
}
