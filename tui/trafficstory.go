package tui

import (
	"fmt"
	"time"

	"muster/engine"
	"muster/internal/plural"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"
)

// connStory is the way of one connection in sentences (enter in view 3). It
// keeps the connection: the list may have dropped it.
type connStory struct {
	dialogBase
	conn engine.TrafficConn
}

// storyLine is a sentence of the story, with the time since the connection was
// accepted.
type storyLine struct {
	at    time.Duration // -1 = none
	style func(*styles.Theme) styles.Style
	forms []string
}

// storyHops is how many failed hand-offs are told one by one.
const storyHops = 3

// storyLines is the whole story of a connection, as far as it goes.
func storyLines(s *screen, c *engine.TrafficConn) []storyLine {
	var ls []storyLine
	plain := func(t *styles.Theme) styles.Style { return t.Text }
	warn := func(t *styles.Theme) styles.Style { return t.Warn }
	dead := func(t *styles.Theme) styles.Style { return t.Dead }
	tell := func(at time.Time, st func(*styles.Theme) styles.Style, forms ...string) {
		ls = append(ls, storyLine{at.Sub(c.Accepted), st, forms})
	}
	from := "a unix socket"
	if c.From.IsValid() {
		from = c.From.String()
	}
	tell(c.Accepted, plain, "accepted from "+from+" at "+clockText(c.Accepted, true), "accepted from "+from)
	if c.Waited != "" {
		wait := "it waits in the queue: "
		if !c.Handed.IsZero() || len(c.Earlier) > 0 {
			wait = "it waited in the queue: "
		}
		tell(c.Accepted, warn, wait+c.Waited)
	}
	for i := range c.Earlier {
		h := &c.Earlier[i]
		if i == storyHops && len(c.Earlier) > storyHops+1 {
			rest := len(c.Earlier) - i
			tell(h.Handed, warn, fmt.Sprintf("%s more came to nothing, the last one with worker %d: %s", plural.Of(rest, "hand-off"),
				c.Earlier[len(c.Earlier)-1].Worker, hopText(&c.Earlier[len(c.Earlier)-1])))
			break
		}
		id := itoa(h.Worker)
		tell(h.Handed, plain, "handed to worker "+id)
		switch h.Why {
		case wireword.HopRefused:
			tell(h.Ended, warn, "worker "+id+" refused it; untouched, it goes to the head of the queue", "worker "+id+" refused it: to the head of the queue")
		case wireword.HopDied:
			tell(h.Ended, warn, "worker "+id+" died first; it had answered nothing, so another may have it", "worker "+id+" died first: dealt again")
		case wireword.HopLeft:
			tell(h.Ended, warn, "worker "+id+" ended its channel first; another may have it", "worker "+id+" left first: dealt again")
		case wireword.HopUsed:
			tell(h.Ended, dead, "worker "+id+" used it without an answer, and died: closed, as no other may begin in the middle", "worker "+id+" used it, and died: closed")
		default:
			tell(h.Ended, warn, "worker "+id+" did not get the descriptor; dealt again", "worker "+id+": descriptor lost, dealt again")
		}
	}
	now := trafficNow(s) // in slow motion too, so that the story agrees with the row beside it
	switch {
	case c.Handed.IsZero() && c.Lost:
		if !usedByDead(c) {
			tell(c.Done, dead, "its address was closed: nobody could have it")
		}
		return ls
	case c.Handed.IsZero():
		return append(ls, storyLine{-1, plain, []string{"now it is in the queue, for " + fmtBrief(now.Sub(c.Accepted)) + " so far"}})
	}
	tell(c.Handed, plain, "handed to worker "+itoa(c.Worker))
	if c.Taken.IsZero() {
		return append(ls, storyLine{-1, plain, []string{"now it is on the way; worker " + itoa(c.Worker) + " has not answered", "now it is on the way"}})
	}
	tell(c.Taken, plain, fmt.Sprintf("worker %d took it after %s: from here on it alone reads it", c.Worker, fmtLatency(max(c.Taken.Sub(c.Handed), 0))),
		fmt.Sprintf("worker %d took it", c.Worker))
	switch {
	case c.Lost:
		tell(c.Done, dead, fmt.Sprintf("cut: worker %d died with it open", c.Worker))
	case !c.Done.IsZero():
		tell(c.Done, plain, fmt.Sprintf("worker %d closed it after %s, %s in all", c.Worker, fmtLatency(max(c.Done.Sub(c.Taken), 0)),
			fmtLatency(max(c.Done.Sub(c.Accepted), 0))))
	case !c.Tells:
		ls = append(ls, storyLine{-1, plain, []string{"when it is closed is not known: a Node program does not tell", "its end is not known"}})
	default:
		ls = append(ls, storyLine{-1, plain, []string{"now it is open, for " + fmtBrief(now.Sub(c.Taken)) + " so far"}})
	}
	return ls
}

func (*connStory) key(*model, string) bool { return false }

func (*connStory) hints(s *screen) []hint {
	return []hint{{"↑ ↓", "other connection", "other"}, hintOf(s, actEsc, "back"), hintOf(s, actSlow, slowWord(s)),
		hintOf(s, actFreeze, "freeze"), hintOf(s, actHelp, "keys")}
}

// lines are those of the whole story.
func (d *connStory) lines(s *screen) int { return len(storyLines(s, &d.conn)) }

// click: another connection of the list can be selected while the story is
// open.
func (*connStory) click(*model, zone, bool) (press string, mine bool) { return "", false }

// refresh keeps the story up to date with a new picture.
func (d *connStory) refresh(m *model) {
	t := m.s.snap.Traffic
	if t == nil {
		return
	}
	for i := range t.Conns {
		if t.Conns[i].N == d.conn.N {
			d.conn = t.Conns[i]
		}
	}
}

// draw is the story under its rule.
func (d *connStory) draw(s *screen, a area) ([]string, []zone) {
	lines := 1 + a.rows
	out := []string{cell.Rule{Title: "connection " + connName(d.conn.N), Right: "esc back", Focused: true}.Draw(s.pen(), s.w)}
	ls := storyLines(s, &d.conn)
	for _, sl := range ls[max(len(ls)-max(lines-1, 0), 0):] {
		l := cell.NewLine(s.w, s.signs)
		at := ""
		switch {
		case sl.at == 0:
			at = "0"
		case sl.at > 0:
			at = "+" + fmtLatency(sl.at)
		}
		l.Right(s.theme.Muted, at, 9)
		l.Gap(2)
		l.Put(sl.style(s.theme), cell.Fitting(l.Room()-1, sl.forms...))
		out = append(out, l.String())
	}
	return cell.FilledUp(out, lines, s.w), nil
}
