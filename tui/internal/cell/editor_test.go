package cell

import (
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/safetext"
	"muster/styles"

	"github.com/charmbracelet/x/ansi"
)

// TestEditor: keys in angle brackets edit, everything else is text; | in the
// result is the cursor.
func TestEditor(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", "|"},
		{"ab", "ab|"},
		{"ab<left>c", "ac|b"},
		{"ab<left><left><left>c", "c|ab"},
		{"ab<home>c<end>d", "cabd|"},
		{"ab<left><right><right>c", "abc|"},
		{"ab<backspace>", "a|"},
		{"ab<left><backspace>", "|b"},
		{"ab<home><backspace>", "|ab"},
		{"ab<left><delete>", "a|"},
		{"ab<delete>", "ab|"},
		{"one two<ctrl+w>", "one |"},
		{"one two  <ctrl+w><ctrl+w>", "|"},
		{"one two<left><ctrl+w>", "one |o"},
		{"one two<left><ctrl+u>", "|o"},
		{"配置<left>x", "配x|置"},
		{"配置<backspace>", "配|"},
		{"e\u0301x<left><left>y", "y|e\u0301x"},
		{"ae\u0301<backspace>", "a|"},
		{"👍🏽<backspace>", "|"},
		{"🏽<home>👍", "👍🏽|"}, // what is typed joins what comes after it: the cursor is not within it
		{"a\x1b[2J\x00\u202e\u200bb\x7f", "a[2Jb|"},
		{"\r\nab\r\n\tc\n", "ab  c|"},
	} {
		var e Editor
		rest := tt.in
		for rest != "" {
			text, more, key := strings.Cut(rest, "<")
			e.Insert(text)
			if rest = more; key {
				var name string
				name, rest, _ = strings.Cut(more, ">")
				if known, _ := e.Edit(name); !known {
					t.Fatalf("%s is no key", name)
				}
			}
		}
		if got := e.text[:e.at] + "|" + e.text[e.at:]; got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEditorSaysWhatChanged(t *testing.T) {
	for _, tt := range []struct {
		text, key      string
		known, changed bool
	}{
		{"", "backspace", true, false},
		{"a", "backspace", true, true},
		{"a", "right", true, false},
		{"a", "left", true, true},
		{"a", "ctrl+u", true, true},
		{"a", "tab", false, false},
	} {
		e := EditorOf(tt.text)
		if known, changed := e.Edit(tt.key); known != tt.known || changed != tt.changed {
			t.Errorf("%q in %q: known %v, changed %v", tt.key, tt.text, known, changed)
		}
	}
}

func TestEditorLimits(t *testing.T) {
	e := Editor{MaxBytes: 7}
	if e.Insert("配置a") != true || e.Insert("b") != false || e.text != "配置a" {
		t.Errorf("7 bytes hold %q", e.text)
	}
	e = Editor{MaxCells: 4}
	if e.Insert("配a") != true || e.Insert("置b") != false || e.text != "配a" || e.Insert("b") != true {
		t.Errorf("4 cells hold %q", e.text)
	}
}

// TestEditorShowsItsCursor wherever it is, in exactly the cells it has.
func TestEditorShowsItsCursor(t *testing.T) {
	p := Pen{styles.None(), NewSigns(false)}
	for _, text := range []string{"", "abc", strings.Repeat("配置a", 40), strings.Repeat("e\u0301", 90)} {
		e := EditorOf(text)
		for {
			l := NewLine(20, p.Signs)
			e.Draw(p, l)
			got := l.String()
			if n := safetext.Width(got); n != 20 || strings.Count(ansi.Strip(got), p.Signs.Pipe) != 1 {
				t.Fatalf("at %d of %q: %d cells, %q", e.at, text, n, got)
			}
			if _, changed := e.Edit("left"); !changed {
				break
			}
		}
	}
}

// FuzzEditor: whatever is typed and pasted, the text is valid, within its limit
// and holds no control, and the cursor stands before a character.
func FuzzEditor(f *testing.F) {
	f.Add("ab", "c", uint64(0x1234))
	f.Add("👍🏽\u0301", "\u0301x", uint64(0x777))
	f.Add("\xff\x1b[A", "🇩🇪🇩", uint64(0x5051))
	keys := []string{"left", "right", "backspace", "delete", "ctrl+w", "ctrl+u", "home", "end"}
	f.Fuzz(func(t *testing.T, a, b string, moves uint64) {
		e := Editor{MaxBytes: 200}
		for ; moves > 0; moves >>= 4 {
			switch n := moves & 15; {
			case n < 8:
				e.Edit(keys[n])
			case n < 12:
				e.Insert(a)
			default:
				e.Insert(b)
			}
			if !utf8.ValidString(e.text) || len(e.text) > 200 || strings.ContainsFunc(e.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("text %q", e.text)
			}
			if e.at < 0 || e.at > len(e.text) || e.boundary(e.at) != e.at {
				t.Fatalf("cursor at %d of %q", e.at, e.text)
			}
		}
	})
}
