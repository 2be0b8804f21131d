package cell

import "testing"

func TestASCIILine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                  "plain",
		"":                       "",
		"配置 ok":                  "???? ok",
		"e\u0301\x1b[1mé\x1b[0m": "e\x1b[1m?\x1b[0m",
		"a🚀":                     "a??",
		"│ \xff":                 "? ?",
	} {
		if got := ASCIILine(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
