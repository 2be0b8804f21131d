package proc

import (
	"slices"
	"strings"
	"testing"
)

func TestInspectPortCountsUpAsInNode(t *testing.T) {
	for _, tt := range []struct {
		argv, env string
		n         int
		wantArgv  string
		wantEnv   string
	}{
		{argv: "node a.js", n: 1, wantArgv: "node a.js"},
		{argv: "node --inspect a.js", n: 1, wantArgv: "node --inspect --inspect-port=9230 a.js"},
		{argv: "node --inspect a.js", n: 2, wantArgv: "node --inspect --inspect-port=9231 a.js"},
		{argv: "/usr/bin/node --inspect-brk=0.0.0.0:7000 a.js --inspect", n: 3, wantArgv: "/usr/bin/node --inspect-brk=0.0.0.0:7000 --inspect-port=7003 a.js --inspect"},
		{argv: "node --inspect=0 a.js", n: 3, wantArgv: "node --inspect=0 --inspect-port=0 a.js"},
		{argv: "node --inspect=65535 a.js", n: 1, wantArgv: "node --inspect=65535 --inspect-port=1024 a.js"},
		{argv: "node a.js --inspect", n: 1, wantArgv: "node a.js --inspect"}, // the program's own
		{argv: "node -r x --inspect a.js", n: 1, wantArgv: "node -r x --inspect --inspect-port=9230 a.js"},
		{argv: "node --inspector-thing a.js", n: 1, wantArgv: "node --inspector-thing a.js"},
		{argv: "python --inspect a.py", n: 1, wantArgv: "python --inspect a.py"},
		{argv: "node a.js", env: "NODE_OPTIONS=--inspect", n: 1, wantArgv: "node a.js", wantEnv: "NODE_OPTIONS=--inspect --inspect-port=9230"},
	} {
		var env []string
		if tt.env != "" {
			env = []string{tt.env}
		}
		argv, env := WithInspectPort(strings.Fields(tt.argv), env, tt.n)
		if !slices.Equal(argv, strings.Fields(tt.wantArgv)) {
			t.Errorf("%s: %q, want %q", tt.argv, argv, tt.wantArgv)
		}
		if got := strings.Join(env, ""); got != tt.wantEnv {
			t.Errorf("%s: env %q, want %q", tt.argv, got, tt.wantEnv)
		}
	}
}
