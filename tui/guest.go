package tui

// A dashboard is the cluster's owner, whose end stops it, or a guest, whose end
// does not. What a guest says and does otherwise stands here and in ending.go.

// leaveAsGuest leaves the cluster to itself. Only the load of this dashboard ends
// with it, so that alone is asked about.
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
