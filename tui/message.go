package tui

import (
	"bytes"
	"encoding/json"
	"fmt"

	"muster/engine"
	"muster/tui/internal/cell"
)

const (
	maxMessage = 4 << 10 // bytes of a message that can be typed: more would be cut in the log
	maxSent    = 20      // how many messages ↑ can go back to
)

// openMessage opens the prompt of M for the selected worker and no other: a
// worker that moves under the cursor meanwhile gets no message.
func (m *model) openMessage() {
	switch w := m.worker(); {
	case w.State == engine.StateExited:
		m.toast(fmt.Sprintf("worker %d has ended: there is nobody to send to", w.ID))
	case !w.Connected:
		m.toast(fmt.Sprintf("the channel of worker %d is closed: there is no way to send to it", w.ID))
	default:
		m.open(&messagePrompt{worker: w.ID, pid: w.PID, edit: cell.Editor{MaxBytes: maxMessage}})
	}
}

// key handles a key, other than text, while the prompt is open. Only enter
// sends.
func (d *messagePrompt) key(m *model, key string) bool {
	switch key {
	case "enter":
		m.sendMessage(d)
		return true
	case "esc":
		m.close()
		return true
	case "up":
		m.recall(d, d.back+1)
		return true
	case "down":
		m.recall(d, d.back-1)
		return true
	case "f1":
		m.s.help = true
		return true
	case " ":
		d.typed(m, key)
		return true
	}
	known, changed := d.edit.Edit(key)
	switch {
	case changed:
	case known && d.edit.Value() == "":
		m.toast("there is no text yet; esc goes back")
	case known:
		m.toast("there is no text on that side")
	default:
		m.toast("enter sends, esc leaves; " + keyName(key) + " does nothing here")
	}
	return true
}

// typed puts text, which may have been pasted, in at the cursor.
func (d *messagePrompt) typed(m *model, text string) bool {
	before := d.edit.Value()
	switch all := d.edit.Insert(text); {
	case !all:
		m.toast(fmt.Sprintf("a message has room for %d bytes here", maxMessage))
	case d.edit.Value() == before:
		m.toast("that text has nothing that can be seen")
	}
	return true
}

func (*messagePrompt) typing() bool { return true }

// click: a prompt for a worker must be closed before another worker can be
// selected.
func (*messagePrompt) click(m *model, z zone, _ bool) (press string, mine bool) {
	return "", m.closeFirst(z)
}

func (d *messagePrompt) hints(*screen) []hint {
	back := "back, nothing sent"
	if d.edit.Value() == "" {
		back = "back"
	}
	return []hint{{"enter", "send", "send"}, {"↑ ↓", "sent before", "sent before"}, {"esc", back, "back"}}
}

// recall shows the message sent back messages ago, 0 = the new one.
func (m *model) recall(d *messagePrompt, back int) {
	switch {
	case len(m.sent) == 0:
		m.toast("nothing was sent before")
	case back < 0:
		m.toast("this is the new message")
	case back > len(m.sent):
		m.toast("this is the oldest that is kept")
	default:
		if d.back == 0 {
			d.draft = d.edit.Value()
		}
		d.back = back
		d.edit.Set(d.draft)
		if back > 0 {
			d.edit.Set(m.sent[len(m.sent)-back])
		}
	}
}

// sendMessage sends the typed text, unless the worker has ended or its channel
// was closed meanwhile. The prompt stays open to show the answer.
func (m *model) sendMessage(d *messagePrompt) {
	w := d.target(m.s.snap)
	switch {
	case w == nil:
		m.toast(fmt.Sprintf("worker %d (pid %d) has ended: nothing was sent", d.worker, d.pid))
	case !w.Connected:
		m.toast(fmt.Sprintf("the channel of worker %d is closed: nothing was sent", d.worker))
	case d.edit.Value() == "":
		m.toast("there is no text yet; esc goes back")
	default:
		m.do(engine.Command{Op: engine.OpSend, Worker: d.worker, Message: messageOf(d.edit.Value())})
		if n := len(m.sent); n == 0 || m.sent[n-1] != d.edit.Value() {
			m.sent = tail(append(m.sent, d.edit.Value()), maxSent)
		}
		d.back, d.draft = 0, ""
		d.edit.Set("")
	}
}

// target is the worker the prompt was opened on, nil if it has ended.
func (d *messagePrompt) target(snap *engine.Snapshot) *engine.Row {
	if w := snap.ByID(d.worker); w != nil && w.PID == d.pid && alive(w) {
		return w
	}
	return nil
}

// messageOf is the JSON value a text stands for: the text itself, without
// spaces between its parts, if it is JSON, otherwise a string.
func messageOf(text string) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, []byte(text)) == nil {
		return b.Bytes()
	}
	b.Reset()
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // people see the text: "<" stays "<"
	if err := enc.Encode(text); err != nil {
		return json.RawMessage(`""`) // never happens: every string has a JSON form
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// messagePrompt is the prompt of M. The target is fixed when it opens.
type messagePrompt struct {
	dialogBase
	worker, pid int
	edit        cell.Editor
	back        int    // how many sent messages back, 0 = a new one
	draft       string // the new message, while an older one is shown
}
