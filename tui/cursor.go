package tui

// cursor is which of the n choices of a list is picked, counted from 0. The list may
// have become shorter: at is the choice.
type cursor int

func (c cursor) at(n int) int { return clamp(0, int(c), n-1) }

func (c *cursor) set(i, n int) { *c = cursor(clamp(0, i, n-1)) }

// key moves the cursor; false if the key is none that does.
func (c *cursor) key(key string, n int) bool {
	switch key {
	case "up", "k":
		c.set(c.at(n)-1, n)
	case "down", "j":
		c.set(c.at(n)+1, n)
	case "home", "g", "pgup":
		c.set(0, n)
	case "end", "G", "pgdown":
		c.set(n-1, n)
	default:
		return false
	}
	return true
}

// click is a dialog's click: it picks a choice, and a double click presses enter.
func (c *cursor) click(m *model, z zone, double bool, n int) (press string, mine bool) {
	switch {
	case z.kind != zoneMenu:
		return "", m.closeFirst(z)
	case double:
		press = "enter"
	}
	c.set(z.worker, n)
	return press, true
}

// wheel is a dialog's wheel.
func (c *cursor) wheel(z zone, up bool, n int) bool {
	if z.kind != zoneMenu {
		return false
	}
	if up {
		return c.key("up", n)
	}
	return c.key("down", n)
}
