package tui

import (
	"strings"
	"testing"

	"muster/engine"
)

// One value at a time can be seen, in the details and nowhere else, and it is
// masked again when they close or another worker is shown.
func TestAnUnmaskedValueStayedOnTheScreen(t *testing.T) {
	for _, size := range [][2]int{{60, 16}, {80, 24}, {120, 40}} {
		d := newDeck(t, four())
		d.m.s.w, d.m.s.h = size[0], size[1]
		env := []string{"MYSQL_PWD=hunter2", "PATH=/bin", "NODE_UNIQUE_ID=1", "JWT=hunter3"}
		open := func() {
			d.press("enter")
			d.m.openDetails().details = &engine.Details{Worker: d.m.s.selected, Env: env, Command: "node a.js --token=hunter4"}
		}
		shows := func(want string) {
			t.Helper()
			text := plain(render(&d.m.s))
			for _, secret := range []string{"hunter2", "hunter3", "hunter4"} {
				if strings.Contains(text, secret) != (secret == want) {
					t.Errorf("%v: %q is shown: %t, want only %q:\n%s", size, secret, secret != want, want, text)
				}
			}
		}
		open()
		shows("")
		d.press("*")
		shows("hunter2")
		d.press("*")
		shows("hunter3")
		d.press("*")
		shows("")
		d.press("*")
		shows("hunter2")
		d.press("esc")
		shows("")
		if d.m.openDetails() == nil {
			t.Fatalf("%v: esc closed more than one thing", size)
		}
		d.press("*")
		d.press("right")
		d.m.openDetails().details = &engine.Details{Worker: d.m.s.selected, Env: env}
		shows("")
		d.press("*")
		shows("hunter2")
		d.press("x") // covers them, and they come back
		d.press("esc")
		shows("")
		d.press("*")
		d.press("q")
		open()
		shows("")
	}
}
