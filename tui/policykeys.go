package tui

import (
	"muster/engine"
	"muster/internal/safetext"
)

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
