package tui

import (
	"muster/engine"
	"muster/internal/safetext"
)

// policyNow is the policy in force or, while a switch runs, the one that is
// wanted.
func (m *model) policyNow() engine.Policy {
	p := &m.policy
	switch {
	case p.running:
		return p.want
	case p.now != 0:
		return p.now
	}
	return m.s.snap.Policy
}

// nextPolicy is the key p.
func (m *model) nextPolicy() { m.wantPolicy(m.policyNow().Next()) }

// choosePolicy is a choice in the list of P.
func (m *model) choosePolicy(want engine.Policy) {
	if want == m.policyNow() && !m.policy.running && m.s.snap.PolicyFixed == "" {
		m.toast(want.String() + " is in force already")
		return
	}
	m.wantPolicy(want)
}

// wantPolicy changes the policy, at once or after the switch that runs.
func (m *model) wantPolicy(want engine.Policy) {
	p := &m.policy
	switch {
	case m.s.snap.PolicyFixed != "":
		m.toast("the policy cannot be changed: " + safetext.Line(m.s.snap.PolicyFixed))
	case p.running:
		p.want = want
		m.toast("after this switch: " + want.String())
	default:
		p.now = m.policyNow()
		m.startPolicy(want)
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
