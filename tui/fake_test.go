package tui

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
	"muster/internal/wireword"
	"muster/styles"
	"muster/tui/internal/cell"

	tea "github.com/charmbracelet/bubbletea"
)

// fakeCluster is a View that remembers what it was told.
type fakeCluster struct {
	*viewtest.Replay

	mu   sync.Mutex
	cmds []engine.Command
	do   func(engine.Command) (engine.Result, error) // nil = succeed
}

func newFake(snap *engine.Snapshot) *fakeCluster {
	return &fakeCluster{Replay: viewtest.NewReplay(snap)}
}

func (f *fakeCluster) Do(_ context.Context, cmd engine.Command) (engine.Result, error) {
	f.mu.Lock()
	f.cmds = append(f.cmds, cmd)
	do := f.do
	f.mu.Unlock()
	if do != nil {
		return do(cmd)
	}
	return engine.Result{Policy: cmd.Policy}, nil
}

// told is what the cluster was told, without questions about details.
func (f *fakeCluster) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var s []string
	for _, c := range f.cmds {
		text := string(c.Op)
		switch c.Op {
		case engine.OpInspect:
			continue
		case engine.OpKill:
			text += fmt.Sprintf(" %d %d", c.Worker, int(c.Signal))
		case engine.OpSend:
			text += fmt.Sprintf(" %d %s", c.Worker, c.Message)
		case engine.OpPolicy:
			text += " " + c.Policy.String()
		default:
			if c.Worker != 0 {
				text += fmt.Sprintf(" %d", c.Worker)
			}
		}
		if c.By != wireword.ByKey {
			text += " by " + string(c.By)
		}
		s = append(s, text)
	}
	return s
}

var testStart = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// listening is a row of a worker that listens.
func listening(id int) engine.Row {
	open := 0
	return engine.Row{ID: id, Slot: id - 1, PID: 20410 + id, State: engine.StateListening, Forked: testStart,
		Changed: testStart, Connected: true, Open: &open}
}

// picture is a snapshot of workers on two processors with open connections.
func picture(tick uint64, open int, workers ...engine.Row) *engine.Snapshot {
	return &engine.Snapshot{V: 1, Tick: tick, Time: testStart.Add(time.Duration(tick) * time.Second), Started: testStart,
		CPUs: 2, Policy: engine.SchedRR, Grace: 5 * time.Second, Workers: workers, Open: &open,
		Addresses: []engine.Address{{Network: "tcp", Host: "127.0.0.1", Port: 3000}}}
}

// deck is a model at the keys of a test. Its clock stands still.
type deck struct {
	t    *testing.T
	m    *model
	c    *fakeCluster
	now  time.Time
	hold bool // commands wait in held instead of being carried out
	held []tea.Cmd
	copy string
}

func newDeck(t *testing.T, snap *engine.Snapshot) *deck {
	t.Helper()
	d := &deck{t: t, c: newFake(snap), now: testStart.Add(time.Hour)}
	s := screen{w: 120, h: 40, theme: styles.None(), signs: cell.NewSigns(false)}
	d.m = newModel(d.c, newEnding(d.c), s, func() time.Time { return d.now })
	d.m.copyTo = func(text string) { d.copy = text }
	return d
}

// vim turns --keys vim on.
func (d *deck) vim() { d.m.s.vim, d.m.keys = true, keymap(true) }

// update handles a message and the answers of the commands it led to.
func (d *deck) update(msg tea.Msg) {
	d.m.s.now = d.now
	d.m.handle(msg)
	d.m.expire()
	cmds := d.m.cmds
	d.m.cmds = nil
	d.m.View()
	if d.hold {
		d.held = append(d.held, cmds...)
		return
	}
	for _, cmd := range cmds {
		if answer := cmd(); answer != nil {
			d.update(answer)
		}
	}
}

// release carries out the oldest command that was held.
func (d *deck) release() {
	d.t.Helper()
	if len(d.held) == 0 {
		d.t.Fatal("no command is held")
	}
	cmd := d.held[0]
	d.held = d.held[1:]
	d.update(cmd())
}

// press presses keys, slowly enough that none is held.
func (d *deck) press(keys ...string) {
	for _, k := range keys {
		d.after(600 * time.Millisecond)
		d.update(keyMsg(k))
	}
}

func (d *deck) after(t time.Duration) { d.now = d.now.Add(t) }

// show has the cluster look like snap.
func (d *deck) show(snap *engine.Snapshot, lines ...logLine) {
	d.update(pulledMsg{snap: snap, lines: lines, events: len(lines)})
}

func keyMsg(k string) tea.KeyMsg {
	types := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"home": tea.KeyHome, "end": tea.KeyEnd, "f1": tea.KeyF1, "f9": tea.KeyF9, "backspace": tea.KeyBackspace,
		"ctrl+c": tea.KeyCtrlC, "ctrl+d": tea.KeyCtrlD, "ctrl+l": tea.KeyCtrlL, "ctrl+z": tea.KeyCtrlZ,
		"ctrl+k": tea.KeyCtrlK, "ctrl+u": tea.KeyCtrlU, "ctrl+w": tea.KeyCtrlW, "delete": tea.KeyDelete,
	}
	if t, ok := types[k]; ok {
		return tea.KeyMsg{Type: t}
	}
	if k == " " {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
}

// logLines are n lines of the log.
func logLines(n int, text string) []logLine {
	var ls []logLine
	for i := range n {
		e := engine.Event{Seq: uint64(i + 1), Time: testStart, Kind: engine.KindOutput, Worker: 1, PID: 20411,
			By: engine.ByOutside, Detail: engine.OutputDetail{Stream: "stdout", Text: fmt.Sprintf("%s %d", text, i)}}
		if l, ok := newLogLine(e); ok {
			ls = append(ls, l)
		}
	}
	return ls
}
