package tui

// part is a pane beside others.
type part struct {
	rule  rule
	w     int
	lines []string
}

// sideBySide appends parts of rows lines, joined by junction in their rules and
// by lines below.
func sideBySide(s *screen, out []string, rows int, junction string, parts ...part) []string {
	for y := range rows + 1 {
		text := ""
		for i, p := range parts {
			switch {
			case y == 0 && i > 0:
				p.rule.inner = true
				text += s.theme.Muted.Render(junction)
			case i > 0:
				text += s.theme.Muted.Render(s.signs.pipe)
			}
			if y == 0 {
				text += p.rule.draw(s, p.w)
			} else {
				text += p.lines[y-1]
			}
		}
		out = append(out, text)
	}
	return out
}
