package tui

import (
	"time"

	"muster/engine"
	"muster/internal/safetext"
	"muster/styles"
	"muster/tui/internal/cell"
	"muster/tui/internal/hist"
)

// viewID is one of the numbered views.
type viewID int

const (
	viewOverview viewID = 1
	viewWorkers  viewID = 2 // later
	viewTraffic  viewID = 3
	viewLog      viewID = 4
	viewKeys     viewID = 5
)

// paneID is a pane that can have the focus, and a filter.
type paneID int

const (
	paneTable paneID = iota
	paneLog
	paneDetails // a worker's events in its details: there nothing else can have the focus
	panes
)

// screen is everything a frame is made of. The model fills it; render turns it
// into lines and zones and changes nothing but its own caches.
type screen struct {
	w, h     int
	now      time.Time
	snap     *engine.Snapshot
	hist     *hist.History // what the snapshots of the last two minutes said
	theme    *styles.Theme
	signs    *cell.Signs // the drawing characters, UTF-8 or ASCII
	ascii    bool        // the terminal has ASCII only: no other character may reach it
	view     viewID
	focus    paneID
	dialog   dialog // nil = none
	help     bool   // the overlay of ?
	stopping bool   // the end has been asked for

	toast   string // takes the place of the hints while not ""
	tick    time.Duration
	vim     bool // --keys vim
	guest   bool // its end does not stop the cluster
	load    loadView
	tour    tourScreen
	traffic trafficState
	shown   keyShown

	tableState
	logState
	filterState
	frozenState
}

// tableState is the state of the workers' table.
type tableState struct {
	selected int         // id of the selected worker, 0 = none
	tableTop int         // first visible row
	fds      map[int]int // open descriptors by worker, if known
	rows     *rowCache   // rows as they were drawn; render makes and keeps it
}

// logState is the log and its scroll position.
type logState struct {
	log      []logLine // newest last, already filtered
	logTotal int       // before filtering
	logBack  int       // lines scrolled back from the newest, 0 = follows
	all      []logLine // before filtering, for panes that show one worker's events
	explains uint64    // the event that is explained above the log, 0 = none
	missed   uint64    // events the ring dropped before they were read
}

type filterState struct {
	filter    [panes]string // by paneID, "" = none
	filtering bool          // the prompt of / is open, for the details if they are open, otherwise for the focused pane
}

type frozenState struct {
	frozen   time.Time // zero = live
	missedIn int       // events since frozen
}

// zone is a part of the frame the mouse can hit: cells x0 <= x < x1 of line y.
type zone struct {
	x0, x1, y int
	kind      zoneKind
	line      int    // zoneLog: the number of the line, 0 = none
	worker    int    // zoneRow
	key       string // zoneHint, zoneView: the key a click presses
}

type zoneKind int

const (
	zoneRow  zoneKind = iota // a worker's row
	zoneLog                  // the log pane
	zoneHint                 // a hint of the key line
	zoneView                 // a name in the view bar
	zoneConn                 // a connection of view 3; worker is its number
	zoneMenu                 // a line of a menu; worker is its index
)

// frame is one drawn screen: exactly h lines of exactly w cells, and what the
// mouse can hit in it.
type frame struct {
	lines []string
	zones []zone
}

// pen is what the screen's lines are drawn with.
func (s *screen) pen() cell.Pen { return cell.Pen{Theme: s.theme, Signs: s.signs} }

// cutTo cuts outside text to at most n cells.
func cutTo(s *screen, text string, n int) string { return safetext.Cut(text, n, s.signs.Ellipsis) }

// keyShown is the key that is shown.
type keyShown struct {
	on    bool
	name  string // "" = none
	until time.Time
}

// tooSmall tells whether only smallView can be drawn.
func tooSmall(s *screen) bool { return s.w < leastW || s.h < leastH || s.snap == nil }

// tourSeen tells whether the tour's pane is on the screen.
func tourSeen(s *screen) bool {
	return s.tour.on && s.dialog == nil && s.view == viewOverview && !s.help && !tooSmall(s)
}
