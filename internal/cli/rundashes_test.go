package cli

import (
	"strings"
	"testing"

	"muster/internal/cli/internal/command"
)

// `run --stop-message yes -- node server.js` ran yes, and `run foo bar -- node
// x.js` looked for foo.
func TestWordsBeforeTheDashesWereTheCommand(t *testing.T) {
	for _, tc := range []struct {
		line string
		want string // "" = it is taken for a command
	}{
		{"--stop-message yes -- node server.js", `"yes" stands before --: --stop-message takes no value`},
		{"--workers 2 --json true -- node server.js", `"true" stands before --: --json takes no value`},
		{"--ascii false -- node server.js", `"false" stands before --: --ascii takes no value`},
		{"foo bar -- node x.js", `"foo bar" stands before --: leave it out`},
		{"foo --workers 2 -- node x.js", `"foo" stands before --: leave it out`},
		{"--workers 2 foo -- node x.js", `"foo" stands before --: leave it out`},
		{"--json=true foo -- node x.js", `"foo" stands before --: leave it out`},
		{"node server.js", ""},
		{"node server.js -- --port 80", ""},
		{"npm start -- --port 80", ""},
		{"env A=1 node x.js -- y", ""},
		{"./server.js -- --port 80", ""},
		{"--json -- node x.js -- y", ""},
		{"--json -- foo -- y", ""},
		{"-- foo -- y", ""},
		{"foo y", ""},
	} {
		args := strings.Fields(tc.line)
		a := app{World: command.World{Getenv: func(string) string { return "" }}}
		c, _ := a.runCommand()
		if err := c.Flags().Parse(args); err != nil {
			t.Fatal(tc.line, err)
		}
		err := beforeDashes(append([]string{"run"}, args...), c.Flags().Args(), c.Flags())
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.line, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %s", tc.line, err, tc.want)
		}
	}
	code, stdout, stderr := runWith("run", "--stop-message", "no-such-program", "--", "node", "server.js")
	if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "takes no value") {
		t.Errorf("exit code %d, stdout %q, stderr %q; want 2 and one line", code, stdout, stderr)
	}
}
