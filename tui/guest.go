package tui

// A dashboard is the owner of a cluster, whose end stops the cluster, or a
// guest, whose end does not. This file and ending.go have what a guest says and
// does differently.

// leaveAsGuest ends the dashboard and not the cluster. Only the load of this
// dashboard ends too, so the question is about the load alone.
func (m *model) leaveAsGuest() {
	if !m.load.now.running() {
		m.stop()
		return
	}
	m.thaw()
	m.ask(&question{
		title: "leave, and end the load?",
		yes:   "the cluster goes on",
		no:    "stay",
		act:   actQuit,
	})
}
