package tui

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/say"
)

// nextTick is the key t: it takes the next of the ticks.
func (m *model) nextTick() {
	i := slices.Index(ticks, m.s.tick)
	m.s.tick = ticks[(i+1)%len(ticks)]
	m.pace.set(m.s.tick)
	m.dirty = true
	if m.raw != nil {
		m.s.snap = m.pace.picture(m.raw)
	}
	m.toast(tickText(m.s.tick))
}

// tickText says what a tick means. Sampled figures cannot be faster.
func tickText(tick time.Duration) string {
	switch {
	case tick == time.Second:
		return "tick 1 s: all figures once a second"
	case tick > time.Second:
		return fmt.Sprintf("tick %s: figures of every %s, states at once", say.Prose(tick), say.Prose(tick))
	}
	over := ""
	if tick < leastRate {
		over = fmt.Sprintf(" over %d ms", leastRate.Milliseconds())
	}
	return fmt.Sprintf("tick %d ms: req/s%s; cpu, mem, graphs stay at 1 s", tick.Milliseconds(), over)
}
