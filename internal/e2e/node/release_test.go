//go:build linux

package node

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
)

// A release behind a link: when the link has moved, a replacement runs the new
// one, whether the old one is still there or not. A link that leads nowhere is
// an error that names it; the program is not given up for it.
func TestNodeReplacementFollowsTheLinkOfARelease(t *testing.T) {
	t.Parallel()
	needNode(t)
	const server = `require('http').createServer((q, r) => r.end(JSON.stringify([process.cwd(), process.env.PWD, require('./version')]))).listen(0, '127.0.0.1')`
	helper := "#!/bin/sh\nexec node \"$@\"\n"
	for name, tt := range map[string]struct {
		how     func(link string) muster
		command []string
	}{
		"PWD":   {func(link string) muster { return muster{dir: link, env: []string{"PWD=" + link}} }, []string{"node", "server.js"}},
		"--cwd": {func(link string) muster { return muster{args: []string{"--json", "--workers=2", "--cwd", link}} }, []string{"node", "server.js"}},
		"npm":   {func(link string) muster { return muster{args: []string{"--json", "--workers=2", "--cwd", link}} }, []string{"npm", "start"}},
		"a relative one": {func(link string) muster {
			return muster{dir: filepath.Dir(link), args: []string{"--json", "--workers=2", "--cwd=./current/"}}
		}, []string{"./server.js"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := script(t, map[string]string{
				"r1/server.js": "#!/usr/bin/env node\n" + server, "r2/server.js": "#!/usr/bin/env node\n" + server,
				"r1/version.js": "module.exports = 1", "r2/version.js": "module.exports = 2",
				"r1/package.json": `{"scripts":{"start":"helper server.js"}}`, "r2/package.json": "{}",
				"r1/node_modules/.bin/helper": helper, "r2/node_modules/.bin/helper": helper,
			})
			dir, err := filepath.EvalSymlinks(dir)
			if err != nil {
				t.Fatal(err)
			}
			link := filepath.Join(dir, "current")
			move := func(to string) {
				t.Helper()
				if err := os.Symlink(to, link+".new"); err != nil {
					t.Fatal(err)
				}
				if err := os.Rename(link+".new", link); err != nil {
					t.Fatal(err)
				}
			}
			move("r1")
			p := runMuster(t, tt.how(link), tt.command...)
			answers := func(want ...any) {
				t.Helper()
				var got []any
				if err := json.Unmarshal([]byte(get(t, p.Addr(), "/")), &got); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Errorf("%v, want %v", got, want)
						return
					}
				}
			}
			kill := func(e engine.Event) {
				t.Helper()
				if err := syscall.Kill(e.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			up := p.AwaitKind(2, engine.KindListening)
			answers(filepath.Join(dir, "r1"), link, 1.0)

			move("r2")
			if err := os.RemoveAll(filepath.Join(dir, "r1")); err != nil {
				t.Fatal(err)
			}
			kill(up[0])
			kill(up[1])
			up = p.AwaitKind(4, engine.KindListening)
			answers(filepath.Join(dir, "r2"), link, 2.0)

			move("nowhere")
			kill(up[2])
			failed := p.AwaitKind(1, engine.KindError)[0]
			if d := failed.Detail.(engine.ErrorDetail); d.Errno != "ENOENT" || !strings.Contains(d.Text, "its working directory "+link+": no such file or directory") {
				t.Errorf("the error is %+v", d)
			}
			if d := exit(p.AwaitOf(failed.Worker, engine.KindExit)); d.Deaths != 0 || d.RetryMs == 0 || d.Code == nil || *d.Code != -int(syscall.ENOENT) {
				t.Errorf("a fork that found no directory: %+v; want one that is tried again and does not count", d)
			}
			answers(filepath.Join(dir, "r2"), link, 2.0) // by the other one

			move("r2")
			p.AwaitKind(5, engine.KindListening)
		})
	}
}
