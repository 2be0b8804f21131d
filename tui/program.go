package tui

import (
	"crypto/rand"
	"strings"
	"time"

	"muster/engine"
	"muster/tui/internal/hist"

	tea "github.com/charmbracelet/bubbletea"
)

// newModel is a model over c. s has what never changes: theme, signs, vim.
func newModel(c engine.View, end *ending, s screen, clock func() time.Time) *model {
	m := &model{
		s:          s,
		c:          c,
		end:        end,
		clock:      clock,
		keys:       keymap(s.vim),
		restarting: map[int]bool{},
	}
	m.dirty = true
	m.s.hist = hist.New()
	m.s.view = viewOverview
	m.s.tick = time.Second
	m.s.fds = map[int]int{}
	m.s.now = clock()
	m.watching.viewer = "dashboard " + rand.Text()
	m.load = loadControl{loader: newOwnLoad(nil), now: loadView{set: defaultLoad()}}
	m.showLoad()
	m.show(c.Snapshot())
	return m
}

func (m *model) Init() tea.Cmd { return m.flush() }

// Update handles one message. The commands it collected are returned by flush.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.s.now = m.clock()
	m.handle(msg)
	m.expire()
	return m, m.flush()
}

func (m *model) handle(msg tea.Msg) {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		m.dirty = true
		m.onKey(msg)
	case tea.MouseMsg:
		m.onMouse(tea.MouseEvent(msg))
	case tea.WindowSizeMsg:
		m.onSize(msg)
	case sizedMsg:
		m.sizing = false
		if m.size.Width != m.s.w || m.size.Height != m.s.h {
			m.onSize(m.size)
		}
	case pulledMsg:
		m.onPulled(msg)
	case wakeMsg:
		m.onWake(msg)
	case doneMsg:
		m.dirty = true
		m.onDone(msg)
	case detailsMsg:
		m.onDetails(msg)
	case stopMsg:
		m.dirty = true
		m.onStop(msg)
	case loadChangedMsg:
		m.onLoad()
	case loadDoneMsg:
		m.onLoadDone(msg)
	case tourMsg, tourOverMsg:
		m.onTour(msg)
	case toastMsg:
		m.toast(string(msg))
	}
}

// flush is what Update returns: the commands, and the timer for changes that
// only time brings.
func (m *model) flush() tea.Cmd {
	m.watch()
	m.askDetails()
	m.schedule()
	cmds := m.cmds
	m.cmds = nil
	return tea.Batch(cmds...)
}

// View is the frame; it is made again only if it would differ.
func (m *model) View() string {
	if !m.dirty {
		return m.frame
	}
	m.dirty = false
	m.drawn = m.s.now
	if m.s.w <= 0 || m.s.h <= 0 {
		m.frame, m.zones = "", nil
		return m.frame
	}
	m.moveSlow()
	f := render(&m.s)
	m.frame, m.zones = strings.Join(f.lines, "\n"), f.zones
	return m.frame
}
