package tui

// dialog is a pane that a key opens: it takes the place of the log or, if it is
// whole, of everything between the head and the hints.
//
// A new pane is a new file with a type that embeds dialogBase and has key,
// hints and draw; it overrides other methods of dialogBase as needed. Besides
// that a new pane touches two places: keys.go, for its action and the row of
// bindings that names its key, and keyboard.go, for the line of act that opens
// it. No other file knows which pane is open, except that the details of a
// worker and the story of a connection follow what is selected: openDetails and
// story.
//
// Methods with a model are called from Update, those with a screen also while a
// frame is drawn; none of them may wait.
type dialog interface {
	// key handles a key while the pane is on top; false = the key means the
	// same as without the pane.
	key(m *model, key string) bool
	// hints are the keys the last line names; nil = the hints of what is below
	// the pane.
	hints(s *screen) []hint
	// draw returns the pane's rule and a.rows lines below it, each of a.w
	// cells, and what the mouse can hit in them.
	draw(s *screen, a area) ([]string, []zone)

	// typed takes text that was typed or pasted; false = the pane takes none
	// now.
	typed(m *model, text string) bool
	// typing tells whether keys are text now.
	typing() bool
	// smallKey handles a key on a screen that is too small to show the pane.
	smallKey(m *model, key string) bool
	// click handles a click anywhere but on a hint. It returns a key to press
	// for the click ("" = none), and whether the pane took it; false = the
	// click means the same as without the pane.
	click(m *model, z zone, double bool) (press string, mine bool)
	// wheel handles a notch of the wheel; false as in click.
	wheel(m *model, z zone, up bool) bool

	// refresh is called after each new picture.
	refresh(m *model)
	// covered is called when another pane opens over this one: true = this one
	// comes back when the other is closed.
	covered() bool

	// whole tells whether the pane takes everything below the head.
	whole() bool
	// lines is how many lines, without its rule, the pane must have at least.
	lines(s *screen) int
	// few tells whether the pane has few hints, which then stand far apart.
	few(s *screen) bool
	// showsLines tells whether the pane shows lines of the log that can be
	// opened.
	showsLines() bool
	// brief is what a screen that is too small says of the pane, "" = nothing.
	brief(s *screen) string
}

// area is where a pane is drawn: its first line, of w cells, is line y of the
// frame, with rows more lines below. A vertical line from above meets the first
// line at cell joint (0 = none).
type area struct{ w, rows, y, joint int }

// dialogBase is what most panes do.
type dialogBase struct{}

func (dialogBase) typed(*model, string) bool     { return false }
func (dialogBase) typing() bool                  { return false }
func (dialogBase) smallKey(*model, string) bool  { return false }
func (dialogBase) wheel(*model, zone, bool) bool { return false }
func (dialogBase) refresh(*model)                {}
func (dialogBase) covered() bool                 { return false }
func (dialogBase) whole() bool                   { return false }
func (dialogBase) few(*screen) bool              { return true }
func (dialogBase) showsLines() bool              { return false }
func (dialogBase) brief(*screen) string          { return "" }

// lines asks for no more than the log has anyway, in view 3 for a little more.
func (dialogBase) lines(s *screen) int {
	if s.view == viewTraffic {
		return leastLog + 2
	}
	return leastLog
}

// click lets a worker be selected below the pane, but no connection: the hints
// of a connection's keys are not shown.
func (dialogBase) click(m *model, z zone, _ bool) (press string, mine bool) {
	return "", z.kind == zoneConn && m.closeFirst(z)
}

// closeFirst refuses a click on a row beside a pane that waits for an answer.
func (m *model) closeFirst(z zone) bool {
	if z.kind != zoneRow && z.kind != zoneConn {
		return false
	}
	m.toast("esc closes this first")
	return true
}

// open puts a dialog on top; the dialog it covers may come back when this one
// is closed.
func (m *model) open(d dialog) {
	if m.s.dialog != nil && m.s.dialog.covered() {
		m.under = m.s.dialog
	}
	m.s.dialog = d
}

// close takes the dialog on top away.
func (m *model) close() {
	m.s.dialog, m.under = m.under, nil
}

// closeAll takes every dialog away.
func (m *model) closeAll() {
	m.under = nil
	m.close()
}
