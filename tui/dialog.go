package tui

// dialog is a pane that a key opens: it stands in the place of the log, or, if
// it is whole, of all between the head and the hints.
//
// A new pane is a new file with a type that embeds dialogBase and has key, hints
// and draw; whatever else it does differently it says in a method of its own.
// Besides that it touches two places: keys.go, for its action and the row of
// bindings that names its key, and update.go, for the line of act that opens it.
// No other file knows which pane is open, except that the details of a worker and
// the story of a connection follow what is selected: openDetails and story.
//
// Methods with a model are called from Update, those with a screen also while a
// frame is drawn; none of them may wait.
type dialog interface {
	// key is a key while it is on top; false = the key means what it means
	// without the pane.
	key(m *model, key string) bool
	// hints are the keys the last line names; nil = those of what is below.
	hints(s *screen) []hint
	// draw is its rule and a.rows lines below it, each of a.w cells, and what the
	// mouse can hit in them.
	draw(s *screen, a area) ([]string, []zone)

	// typed takes text that was typed or pasted; false = it takes none now.
	typed(m *model, text string) bool
	// typing tells whether keys are text now.
	typing() bool
	// smallKey is a key on a screen that is too small to show the pane.
	smallKey(m *model, key string) bool
	// click is a click anywhere but on a hint: a key to press for it ("" = none),
	// and whether it was the pane's or means what it means without one.
	click(m *model, z zone, double bool) (press string, mine bool)
	// wheel is a notch of the wheel; false as in click.
	wheel(m *model, z zone, up bool) bool

	// refresh comes after each new picture.
	refresh(m *model)
	// covered comes when another pane is opened over it: true = it comes back
	// when that one is closed.
	covered() bool

	// whole tells whether it takes all below the head.
	whole() bool
	// lines is how many lines, without its rule, it is to have at least.
	lines(s *screen) int
	// few tells whether its hints are few, and so stand far apart.
	few(s *screen) bool
	// showsLines tells whether it shows lines of the log that can be opened.
	showsLines() bool
	// brief is what a screen that is too small says of it, "" = nothing.
	brief(s *screen) string
}

// area is where a pane is drawn: its first line is line y of the frame, which has
// w cells, with rows more below it; a line from above ends at cell joint of it
// (0 = none).
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

// lines leaves the log what it has anyhow, and view 3 a little more.
func (dialogBase) lines(s *screen) int {
	if s.view == viewTraffic {
		return leastLog + 2
	}
	return leastLog
}

// click lets a worker be selected below the pane, but no connection: what its
// keys would do is not seen.
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

// open puts a dialog on top; what it covers may come back when it is closed.
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
