package tui

import (
	"strconv"

	"muster/internal/onscreen"
	"muster/internal/safetext"
)

// loadSetting is one setting of the pane.
type loadSetting struct {
	name  string
	text  bool // the setting is text that is edited
	bound int  // the highest, 0 = not a number
	least int
	value func(*onscreen.LoadSettings) *int
	forms func(*onscreen.LoadSettings) []string // its texts in the pane, longest first
	about func(*onscreen.LoadSettings) []string // what the setting does, longest first
}

// loadSettings are the settings in their order; the rate is the first.
var loadSettings = []loadSetting{
	{name: "requests a second", bound: maxLoadRate, least: 1,
		value: func(s *onscreen.LoadSettings) *int { return &s.Rate },
		forms: func(s *onscreen.LoadSettings) []string {
			n := fmtCount(float64(s.Rate))
			return []string{n + " req/s", n + "/s"}
		},
		about: func(*onscreen.LoadSettings) []string {
			return []string{"requests a second, each sent when it is due, answered or not", "requests a second, sent when due, answered or not"}
		}},
	{name: "connections at once", bound: maxLoadConns, least: 1,
		value: func(s *onscreen.LoadSettings) *int { return &s.Concurrency },
		forms: func(s *onscreen.LoadSettings) []string { return []string{strconv.Itoa(s.Concurrency) + " at once"} },
		about: func(*onscreen.LoadSettings) []string {
			return []string{"requests under way at once, at most: more have to wait and are late", "requests under way at once: more wait and are late"}
		}},
	{name: "a connection each",
		forms: func(s *onscreen.LoadSettings) []string {
			if s.KeepAlive {
				return []string{"keep-alive"}
			}
			return []string{"a connection each", "conn. each"}
		},
		about: func(s *onscreen.LoadSettings) []string {
			if s.KeepAlive {
				return []string{"a kept connection stays with its worker: only new ones are dealt", "a connection stays with its worker: new ones are dealt"}
			}
			return []string{"a connection for each request: every request is dealt anew", "a connection for each request: each is dealt anew"}
		}},
	{name: "idle connections", bound: maxLoadIdle,
		value: func(s *onscreen.LoadSettings) *int { return &s.Idle },
		forms: func(s *onscreen.LoadSettings) []string { return []string{strconv.Itoa(s.Idle) + " idle"} },
		about: func(*onscreen.LoadSettings) []string {
			return []string{"connections that are held open and send nothing"}
		}},
	{name: "slow clients", bound: maxLoadSlow,
		value: func(s *onscreen.LoadSettings) *int { return &s.Slow },
		forms: func(s *onscreen.LoadSettings) []string { return []string{strconv.Itoa(s.Slow) + " slow"} },
		about: func(*onscreen.LoadSettings) []string {
			return []string{"clients that send their request byte by byte, and read as slowly", "clients that send their request byte by byte"}
		}},
	{name: "path", text: true,
		forms: func(s *onscreen.LoadSettings) []string {
			return []string{safetext.Cut(loadPath(s.Path), 20, "~"), safetext.Cut(loadPath(s.Path), 8, "~")}
		},
		about: func(s *onscreen.LoadSettings) []string {
			return []string{"the path and query of every request: " + loadPath(s.Path), "of every request: " + loadPath(s.Path)}
		}},
}
