package cell

// Part is a pane beside others.
type Part struct {
	Rule  Rule
	W     int
	Lines []string
}

// SideBySide appends parts of rows lines side by side; junction joins their
// rules, and vertical lines separate them below.
func SideBySide(p Pen, out []string, rows int, junction string, parts ...Part) []string {
	for y := range rows + 1 {
		text := ""
		for i, one := range parts {
			switch {
			case y == 0 && i > 0:
				one.Rule.Inner = true
				text += p.Theme.Muted.Render(junction)
			case i > 0:
				text += p.Theme.Muted.Render(p.Signs.Pipe)
			}
			if y == 0 {
				text += one.Rule.Draw(p, one.W)
			} else {
				text += one.Lines[y-1]
			}
		}
		out = append(out, text)
	}
	return out
}
