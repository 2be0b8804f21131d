package engine

import "testing"

func TestInspects(t *testing.T) {
	for _, c := range []struct {
		argv []string
		env  []string
		want bool
	}{
		{argv: []string{"node", "app.js"}},
		{argv: []string{"node", "--inspect", "app.js"}, want: true},
		{argv: []string{"/usr/bin/node", "--inspect=0.0.0.0:9230", "app.js"}, want: true},
		{argv: []string{"node", "--inspect-brk", "app.js"}, want: true},
		{argv: []string{"node", "--inspect-wait=9229", "app.js"}, want: true},
		{argv: []string{"node", "--inspect-port=9300", "app.js"}},
		{argv: []string{"node", "--inspect-publish-uid=http", "app.js"}},
		{argv: []string{"node", "app.js", "--inspect"}},
		{argv: []string{"node", "-r", "--inspect", "app.js"}},
		{argv: []string{"./app.js", "--inspect"}},
		{argv: []string{"env", "A=1", "node", "--inspect", "app.js"}, want: true},
		{argv: []string{"env", "NODE_OPTIONS=--inspect", "node", "app.js"}, want: true},
		{argv: []string{"node", "app.js"}, env: []string{"NODE_OPTIONS=--enable-source-maps --inspect-brk"}, want: true},
		{argv: []string{"node", "app.js"}, env: []string{"NODE_OPTIONS=--enable-source-maps", "X=--inspect"}},
		{argv: []string{"sh", "-c", "exec node --inspect app.js"}, want: true},
		{argv: []string{"sh", "-c", "node build.js && node --inspect-brk app.js"}, want: true},
		{argv: []string{"sh", "-c", "NODE_OPTIONS='--enable-source-maps --inspect' node app.js"}, want: true},
		{argv: []string{"sh", "-c", `NODE_OPTIONS="--inspect" node app.js`}, want: true},
		{argv: []string{"sh", "-c", "cross-env NODE_OPTIONS=--inspect node app.js"}, want: true},
		{argv: []string{"sh", "-c", "exec node app.js '--inspect'"}},
		{argv: []string{"sh", "-c", "echo 'node --inspect'"}},
		{argv: []string{"sh", "run.sh", "node --inspect"}},
	} {
		if got := inspects(c.argv, c.env); got != c.want {
			t.Errorf("%q %q: %v, want %v", c.argv, c.env, got, c.want)
		}
	}
}

func TestInspectorPort(t *testing.T) {
	for line, want := range map[string]int{
		"Debugger listening on ws://127.0.0.1:9229/0f2c936f-b1cd-4ac9-aab3-f63b0f33d55e": 9229,
		"Debugger listening on ws://[::1]:9230/x":                                        9230,
		"Debugger listening on ws://127.0.0.1/x":                                         0,
		"Debugger listening on ws://127.0.0.1:-1/x":                                      0,
		"Debugger listening on \x1b[2J":                                                  0,
		" Debugger listening on ws://127.0.0.1:9229/x":                                   0,
		"Debugger attached.":                                                             0,
	} {
		if port, ok := inspectorPort(line); port != want || ok != (want != 0) {
			t.Errorf("%q: %d, %v, want %d", line, port, ok, want)
		}
	}
}
