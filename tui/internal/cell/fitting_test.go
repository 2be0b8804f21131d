package cell

import (
	"strings"
	"testing"
)

func TestWrapped(t *testing.T) {
	for _, c := range []struct {
		text  string
		cells int
		want  string
	}{
		{"", 10, ""}, {"one", 10, "one"}, {"one two three", 7, "one two|three"}, {"one two three", 8, "one two|three"},
		{"a longer-than-that word", 6, "a|longer-than-that|word"}, {"配置 を読み 込み", 6, "配置|を読み|込み"}, {"a b", 0, "a|b"},
	} {
		if got := strings.Join(Wrapped(c.text, c.cells), "|"); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.cells, got, c.want)
		}
	}
}
