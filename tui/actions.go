package tui

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"muster/engine"
	"muster/internal/safetext"

	tea "github.com/charmbracelet/bubbletea"
)

// maxWorkers is how many workers a cluster may have.
const maxWorkers = 256

// act carries out a key that does something to the cluster or to a worker.
func (m *model) act(act action) {
	if act != actDetails && act != actCopy {
		m.thaw() // so that its result is seen
	}
	switch act {
	case actFork:
		m.fork()
	case actKill:
		m.openKill()
	case actDisconnect:
		m.disconnect()
	case actDisconnectAll:
		m.disconnectAll()
	case actRestart:
		m.restart()
	case actPolicy:
		m.switchPolicy()
	case actDetails:
		m.showDetails()
	case actMessage:
		m.openMessage()
	case actLoad:
		m.openLoad()
	case actLoadMore, actLoadLess:
		m.changeRate(act == actLoadMore)
	case actCopy:
		m.copyPID()
	}
}

func (m *model) fork() {
	snap := m.s.snap
	live := live(snap)
	switch {
	case live >= maxWorkers:
		m.toast(fmt.Sprintf("%d workers are the most there can be", maxWorkers))
	case live >= 4*max(snap.CPUs, 1):
		m.ask(&question{
			title: "fork one more?",
			yes:   "fork it",
			no:    "enough",
			facts: fmt.Sprintf("%s on %s", count(live, "worker"), count(snap.CPUs, "CPU")),
			act:   actFork,
		})
	default:
		m.do(engine.Command{Op: engine.OpFork})
	}
}

func (m *model) disconnect() {
	w := m.worker()
	switch w.State {
	case engine.StateExited:
		m.toast(fmt.Sprintf("worker %d has ended: there is nothing to disconnect", w.ID))
	case engine.StateDisconnecting:
		left := ""
		if w.Open != nil {
			left = fmt.Sprintf(", %d left", *w.Open)
		}
		m.toast(fmt.Sprintf("%d is leaving%s; %s kills", w.ID, left, m.killKeyName()))
	case engine.StateDisconnected:
		m.toast(fmt.Sprintf("%d is disconnected already; %s kills", w.ID, m.killKeyName()))
	case engine.StateListening:
		if m.s.snap.Count().Listening == 1 {
			m.ask(&question{
				title:  fmt.Sprintf("disconnect %d, the last that listens?", w.ID),
				yes:    "it finishes and leaves",
				no:     "it stays",
				facts:  openFacts(w.Open),
				short:  openShort(w.Open),
				act:    actDisconnect,
				worker: w.ID,
			})
			return
		}
		fallthrough
	default:
		m.do(engine.Command{Op: engine.OpDisconnect, Worker: w.ID})
	}
}

func (m *model) disconnectAll() {
	staying := 0
	for i := range m.s.snap.Workers {
		switch m.s.snap.Workers[i].State {
		case engine.StateForked, engine.StateOnline, engine.StateListening:
			staying++
		}
	}
	if staying == 0 {
		if live(m.s.snap) > 0 {
			m.toast("all of them are leaving already")
		} else {
			m.toast("there is no worker to disconnect; f forks one")
		}
		return
	}
	m.ask(&question{
		title: fmt.Sprintf("disconnect %s?", allOf(staying)),
		yes:   "they finish and leave",
		no:    "they stay",
		facts: openFacts(m.s.snap.Open),
		short: openShort(m.s.snap.Open),
		act:   actDisconnectAll,
	})
}

func (m *model) restart() {
	w := m.worker()
	switch {
	case m.restarting[w.ID] || w.ReplacedBy != 0:
		m.toast(fmt.Sprintf("worker %d is being replaced already", w.ID))
	case m.comesUp(w):
		m.toast(fmt.Sprintf("worker %d comes up to replace %d", w.ID, w.Replaces))
	case w.State == engine.StateExited && w.Next == nil:
		m.toast(fmt.Sprintf("worker %d has left for good; f forks one", w.ID))
	case w.State == engine.StateDisconnecting, w.State == engine.StateDisconnected:
		m.toast(fmt.Sprintf("worker %d is leaving; f forks another", w.ID))
	default:
		m.restarting[w.ID] = true
		m.do(engine.Command{Op: engine.OpRestart, Worker: w.ID})
	}
}

// comesUp tells whether w is the new one of a restart that runs: the one it
// replaces is still there.
func (m *model) comesUp(w *engine.Row) bool {
	if w.Replaces == 0 || w.State == engine.StateExited {
		return false
	}
	old := m.s.snap.ByID(w.Replaces)
	return old != nil && old.ReplacedBy == w.ID && old.State != engine.StateExited
}

func (m *model) copyPID() {
	w := m.worker()
	if w.PID == 0 {
		m.toast(fmt.Sprintf("worker %d never had a pid", w.ID))
		return
	}
	text := strconv.Itoa(w.PID)
	m.copyText(text, "pid "+text)
}

// do has the cluster carry out a command.
func (m *model) do(cmd engine.Command) {
	cmd.By = engine.ByKey
	c := m.c
	m.run(func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), doLimit)
		defer cancel()
		res, err := c.Do(ctx, cmd)
		return doneMsg{cmd, res, err}
	})
}

// doneMsg is the cluster's answer to a command.
type doneMsg struct {
	cmd engine.Command
	res engine.Result
	err error
}

func (m *model) onDone(msg doneMsg) {
	switch msg.cmd.Op {
	case engine.OpWatch:
		m.watchDone(msg.err)
	case engine.OpRestart:
		delete(m.restarting, msg.cmd.Worker)
	case engine.OpPolicy:
		m.policyDone(msg)
	}
	if quiet := msg.cmd.Op == engine.OpWatch && msg.cmd.For == 0; msg.err != nil && !quiet {
		m.toast(safetext.Line(fmt.Sprintf("%s: %v", msg.cmd.Op, msg.err)))
	}
}

// policySwitch is where p stands. While a switch runs, presses only change
// what is wanted in the end.
type policySwitch struct {
	running bool
	want    engine.Policy
	now     engine.Policy // in force, before a picture says so; 0 = ask the picture
	at      time.Time
}

// seen forgets what the cluster answered once a picture is newer.
func (p *policySwitch) seen(snap *engine.Snapshot) {
	if !p.running && (snap.Policy == p.now || snap.Time.After(p.at)) {
		p.now = 0
	}
}

func (m *model) switchPolicy() {
	p := &m.policy
	switch {
	case m.s.snap.PolicyFixed != "":
		m.toast("the policy cannot be changed: " + safetext.Line(m.s.snap.PolicyFixed))
	case p.running:
		p.want = p.want.Other()
		m.toast("after this switch: " + p.want.String())
	default:
		if p.now == 0 {
			p.now = m.s.snap.Policy
		}
		m.startPolicy(p.now.Other())
	}
}

func (m *model) startPolicy(want engine.Policy) {
	m.policy.running, m.policy.want = true, want
	m.do(engine.Command{Op: engine.OpPolicy, Policy: want})
}

func (m *model) policyDone(msg doneMsg) {
	p := &m.policy
	p.running = false
	if msg.err != nil {
		p.now = 0
		return
	}
	p.now, p.at = msg.cmd.Policy, m.s.now
	if p.want != p.now {
		m.startPolicy(p.want)
	}
}

// live is how many workers have not ended.
func live(snap *engine.Snapshot) int {
	n := 0
	for i := range snap.Workers {
		if snap.Workers[i].State != engine.StateExited {
			n++
		}
	}
	return n
}

// count is "1 worker", "2 workers".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// allOf is "all 4 workers", or "the only worker".
func allOf(n int) string {
	if n == 1 {
		return "the only worker"
	}
	return "all " + count(n, "worker")
}

// openFacts is "87 connections open", "" if that is not known.
func openFacts(open *int) string {
	if open == nil {
		return ""
	}
	return count(*open, "connection") + " open"
}

// openShort is openFacts in fewer cells: "87 open".
func openShort(open *int) string {
	if open == nil {
		return ""
	}
	return fmtOpen(*open) + " open"
}

// killKeyName is the key of the kill menu.
func (m *model) killKeyName() string { return bindingOf(actKill).names(m.s.vim)[0] }
