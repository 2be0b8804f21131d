package safetext

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestDropSGR(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"plain", "ready", "ready"},
		{"a colour and its end", "\x1b[32mready\x1b[39m", "ready"},
		{"several parameters", "\x1b[1;38;5;214mready\x1b[0m", "ready"},
		{"true colour with colons", "\x1b[38:2::1:2:3mready\x1b[m", "ready"},
		{"only colours", "\x1b[31m\x1b[0m", ""},
		{"many digits", "\x1b[" + strings.Repeat("9", 10000) + "mready", "ready"},
		{"not complete", "ready\x1b[31", "ready\x1b[31"},
		{"escape at the end", "ready\x1b", "ready\x1b"},
		{"a private parameter", "\x1b[?25mready", "\x1b[?25mready"},
		{"xterm's own keys", "\x1b[>4;1mready", "\x1b[>4;1mready"},
		{"an intermediate byte", "\x1b[1 mready", "\x1b[1 mready"},
		{"clear the screen", "\x1b[2Jready", "\x1b[2Jready"},
		{"a title", "\x1b]0;m\x07ready", "\x1b]0;m\x07ready"},
		{"eight bits", "\u009b31mready \x9b31m", "\u009b31mready \x9b31m"},
		{"none arises from the parts", "\x1b[\x1b[0m31mready", "\x1b[31mready"},
		{"none within another", "\x1b\x1b[31m[31mready", "\x1b[31mready"},
	}
	for _, tt := range tests {
		if got := DropSGR(tt.in); got != tt.want {
			t.Errorf("%s: DropSGR(%.60q) = %.60q, want %.60q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestDropSGRJSON(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`"\u001b[32mready\u001B[0m"`, `"ready"`},
		{`"\\u001b[32mready"`, `"\\u001b[32mready"`},
		{`"\\\u001b[32mready"`, `"\\ready"`},
		{`"\u001b[2Jm"`, `"\u001b[2Jm"`},
		{`"\u001b[31"`, `"\u001b[31"`},
		{`{"\u001b[1mk":["\u001b[1m"]}`, `{"k":[""]}`},
	}
	for _, tt := range tests {
		if got := string(DropSGRJSON([]byte(tt.in))); got != tt.want {
			t.Errorf("DropSGRJSON(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

// FuzzDropSGR holds DropSGR against what it promises, and both forms against
// each other.
func FuzzDropSGR(f *testing.F) {
	for _, tt := range hostile {
		f.Add(tt.in)
		f.Add("\x1b[31m" + tt.in + "\x1b[")
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := DropSGR(in)
		if !subsequence(got, in) {
			t.Errorf("DropSGR(%+q) = %+q: something new", in, got)
		}
		var parts strings.Builder
		for rest, found := in, true; found; {
			var before, params string
			if before, params, rest, found = CutSGR(rest); strings.Trim(params, "0123456789:;") != "" {
				t.Errorf("CutSGR(%+q): parameters %+q", in, params)
			}
			parts.WriteString(before)
			if _, _, _, again := CutSGR(before); again {
				t.Errorf("CutSGR(%+q): one is left in %+q", in, before)
			}
		}
		if parts.String() != got {
			t.Errorf("CutSGR(%+q) leaves %+q, DropSGR %+q", in, parts.String(), got)
		}
		if line := Line(got); strings.ContainsRune(line, '\x1b') {
			t.Errorf("Line(DropSGR(%+q)) = %+q", in, line)
		}
		j, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal(DropSGRJSON(j), &text); err != nil {
			t.Fatalf("DropSGRJSON(%s): %v", j, err)
		}
		if want := DropSGR(strings.ToValidUTF8(in, "\ufffd")); text != want && strings.ToValidUTF8(in, "") == in {
			t.Errorf("DropSGRJSON(%s) is %+q, want %+q", j, text, want)
		}
	})
}

// subsequence tells whether part can be made from whole by leaving bytes out.
func subsequence(part, whole string) bool {
	for i := range len(part) {
		at := strings.IndexByte(whole, part[i])
		if at < 0 {
			return false
		}
		whole = whole[at+1:]
	}
	return true
}
