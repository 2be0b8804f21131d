package tui

import (
	"strconv"
	"strings"

	"muster/engine"
)

// rowsOf are the workers the table shows, in its order: all, or those the
// filter of the table matches.
func rowsOf(s *screen) []*engine.Row {
	if s.snap == nil {
		return nil
	}
	rows := make([]*engine.Row, 0, len(s.snap.Workers))
	for i := range s.snap.Workers {
		if w := &s.snap.Workers[i]; matchWorker(w, s.filter[paneTable]) {
			rows = append(rows, w)
		}
	}
	return rows
}

// matchWorker tells whether a filter of the table matches: part of its id, its
// pid, its state or how it ended, in any case.
func matchWorker(w *engine.Row, filter string) bool {
	if filter == "" {
		return true
	}
	filter = strings.ToLower(filter)
	for _, text := range []string{strconv.Itoa(w.ID), strconv.Itoa(w.PID), string(w.State), w.LastExit} {
		if strings.Contains(strings.ToLower(text), filter) {
			return true
		}
	}
	return false
}

// rowIndex is the row of the worker with this id, -1 if it has none.
func rowIndex(rows []*engine.Row, id int) int {
	for i, w := range rows {
		if w.ID == id {
			return i
		}
	}
	return -1
}

// followed is the row to select after worker selected stood in this slot and row.
func followed(rows []*engine.Row, selected, slot, row int) int {
	if selected == 0 {
		return 0
	}
	if i := rowIndex(rows, selected); i >= 0 {
		return i
	}
	heir := -1
	for i, w := range rows {
		switch {
		case w.Replaces == selected:
			return i
		case w.Slot == slot && w.Replaces != 0:
			heir = i // the last, if there were several replacements between two pictures
		}
	}
	if heir >= 0 {
		return heir
	}
	return row
}
