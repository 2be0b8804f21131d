package tui

// hintOf is the hint of an action in other words than the table's.
func hintOf(s *screen, a action, text string) hint {
	h := bindingOf(a).asHint(s.vim)
	h.text, h.short = text, text
	return h
}

// placeHints are the hints of one place, in the order of the table.
func placeHints(s *screen, where place) []hint {
	var hs []hint
	for i := range bindings {
		b := bindings[i].seen(s)
		if b.places&where == 0 || where == inMain && b.from > s.w {
			continue
		}
		h := b.asHint(s.vim)
		switch {
		case where == inLog && b.more != "":
			h.text = b.more
		case where == inDetails && b.act == actHelp:
			h.text = b.short
		}
		if where == inLog && b.act == actHelp && s.filter[paneLog] != "" {
			hs = append(hs, hint{"n N", bindingOf(actNextHit).hint, "hits"})
		}
		hs = append(hs, h)
	}
	return hs
}

// hintOfKey is the hint of a key, if there is such a key.
func hintOfKey(s *screen, key string) (hint, bool) {
	for i := range bindings {
		if b := &bindings[i]; b.hint != "" && b.names(s.vim)[0] == key {
			return b.asHint(s.vim), true
		}
	}
	return hint{}, false
}

// guest is the binding as the dashboard of a guest has it: q stops nothing.
func (b binding) guest() binding {
	if b.act == actQuit {
		b.hint, b.text, b.note, b.brief = "leave", "leave it running", "", "leave"
	}
	return b
}

// seen is the binding as s says it.
func (b binding) seen(s *screen) *binding {
	if s.guest {
		b = b.guest()
	}
	return &b
}

// endHint is the hint of q while the cluster stops.
func endHint(s *screen) hint {
	if s.guest {
		return hintOf(s, actQuit, bindingOf(actQuit).guest().hint)
	}
	return hint{"q", "end at once", "at once"}
}

// endWords is endHint in a sentence.
func endWords(s *screen) string {
	if s.guest {
		return "q leaves"
	}
	return "q ends it at once"
}
