package tui

// part is a pane beside others.
type part struct {
	rule  rule
	w     int
	lines []string
}

// sideBySide appends parts of rows lines, joined by junction in their rules and
// by lines below.
func sideBySide(p pen, out []string, rows int, junction string, parts ...part) []string {
	for y := range rows + 1 {
		text := ""
		for i, one := range parts {
			switch {
			case y == 0 && i > 0:
				one.rule.inner = true
				text += p.theme.Muted.Render(junction)
			case i > 0:
				text += p.theme.Muted.Render(p.signs.pipe)
			}
			if y == 0 {
				text += one.rule.draw(p, one.w)
			} else {
				text += one.lines[y-1]
			}
		}
		out = append(out, text)
	}
	return out
}
