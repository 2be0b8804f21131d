//go:build linux

package node

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
)

// Wrappers that leave the channel to the program.
func TestNodeWrappers(t *testing.T) {
	t.Parallel()
	needNode(t)
	app := filepath.Join(programs, "app.js")
	project := script(t, map[string]string{
		"package.json": `{"scripts":{"start":"MARKER=npm node ` + app + `","also":"helper ` + app + `"}}`,
		// What npm has in PATH too.
		"node_modules/.bin/helper": "#!/bin/sh\nexec node \"$@\"\n",
	})
	for name, tt := range map[string]struct {
		dir     string
		command []string
		note    string
		marker  string
	}{
		"sh -c exec":   {command: []string{"sh", "-c", "exec node app.js"}},
		"sh -c":        {command: []string{"sh", "-c", "MARKER=set node app.js; exit $?"}, marker: "set"},
		"shebang":      {command: []string{"./shebang.js"}},
		"env":          {command: []string{"env", "MARKER=env", "node", "app.js"}, marker: "env"},
		"npm start":    {dir: project, command: []string{"npm", "start"}, note: "npm start: running the script of package.json without npm", marker: "npm"},
		"npm run also": {dir: project, command: []string{"npm", "run", "also"}, note: "npm also: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := runMuster(t, muster{dir: tt.dir}, tt.command...)
			up := p.AwaitKind(2, engine.KindListening)
			ids := map[int]bool{}
			for range 4 {
				a := getApp(t, p.Addr(), "/")
				ids[a.ID] = true
				if a.Marker != tt.marker {
					t.Errorf("MARKER is %q, want %q", a.Marker, tt.marker)
				}
			}
			if len(ids) != 2 || len(up) != 2 {
				t.Errorf("workers %v answered", ids)
			}
			setup := kit.OfKind(p.SoFar(), engine.KindSetup)[0].Detail.(engine.SetupDetail)
			if !strings.HasPrefix(setup.Note, tt.note) || (tt.note == "") != (setup.Note == "") {
				t.Errorf("the note is %q, want %q", setup.Note, tt.note)
			}
			p.Signal(syscall.SIGTERM)
			if code := p.Code(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// The policy Node's users know by its variable.
func TestNodeSchedPolicyVariable(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	p := runMuster(t, muster{env: []string{"NODE_CLUSTER_SCHED_POLICY=none"}}, node, "app.js")
	p.AwaitKind(2, engine.KindListening)
	if d := kit.OfKind(p.SoFar(), engine.KindSetup)[0].Detail.(engine.SetupDetail); d.Policy != engine.SchedNone {
		t.Errorf("policy %v", d.Policy)
	}
	getApp(t, p.Addr(), "/")
}

// What cannot work ends at once with one line that says what to do.
func TestNodeCommandsThatCannotWork(t *testing.T) {
	t.Parallel()
	dir := script(t, map[string]string{
		"package.json": `{"scripts":{"dev":"nodemon app.js","fails":"node -e 'process.exit(3)' && node app.js","start":"tsx app.ts",
			"or":"sh check.sh || exit 1; node app.js","braces":"sh check.sh || { echo no; exit 6; }; node app.js","errexit":"set -o errexit; sh check.sh; node app.js",
			"well":"true && exit 0; node app.js","bash":"bash -ec 'sh check.sh; node app.js'","killed":"kill -9 $$; sh check.sh; node app.js"}}`,
		"check.sh":            "exit 4\n",
		"broken/package.json": `{"scripts":`, "empty/x": "", "app.js": "",
	})
	if err := os.Chmod(filepath.Join(dir, "app.js"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"fifo", "zero"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo/package.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero/package.json")); err != nil {
		t.Fatal(err)
	}
	for command, tt := range map[string]struct {
		dir   string
		code  int
		steps bool
		says  string
	}{
		"":                    {code: 2, says: "muster run -- COMMAND"},
		"no-such-command":     {code: 1, says: "no-such-command"},
		"./no-such-file":      {code: 1, says: "no-such-file"},
		"./app.js":            {code: 1, says: `"./app.js" is not executable; chmod +x it`},
		"./empty":             {code: 1, says: "is a directory"},
		"npm run nothing":     {code: 2, says: `package.json has no script "nothing"; it has: bash, braces, dev, errexit`},
		"npm run dev":         {code: 2, says: "use: muster run -- node app.js"},
		"npm start":           {code: 2, says: "muster run -- node --import tsx app.ts"},
		"npm run x":           {dir: "broken", code: 1, says: "package.json"},
		"npm run y":           {dir: "empty", code: 2, says: "there is no package.json"},
		"npm install":         {code: 2, says: "npm install is not a way to start a server"},
		"npx tsx app.ts":      {code: 2, says: "muster run -- node --import tsx app.ts"},
		"tsx app.ts":          {code: 2, says: "muster run -- node --import tsx app.ts"},
		"ts-node app.ts":      {code: 2, says: "muster run -- node --require ts-node/register app.ts"},
		"yarn start":          {code: 2, says: "muster run -- node --import tsx app.ts"}, // npm start would be refused too
		"pnpm run dev":        {code: 2, says: "use: muster run -- node app.js"},
		"node --watch app.js": {code: 2, says: "use: muster run -- node app.js"},
		"dotenv node app.js":  {code: 2, says: "use: muster run -- node app.js"}, // no .env
		"npm run fails":       {code: 3, steps: true, says: "node -e 'process.exit(3)': the script ended before its last command, with code 3; nothing was started"},
		// What ended the script did not keep the server from starting.
		"npm run or":      {code: 1, steps: true, says: "sh check.sh || exit 1: the script ended before its last command, with code 1; nothing was started"},
		"npm run braces":  {code: 6, steps: true, says: "ended before its last command, with code 6"},
		"npm run errexit": {code: 4, steps: true, says: "ended before its last command, with code 4"},
		"npm run well":    {code: 0, steps: true, says: "ended before its last command, with code 0"},
		"npm run bash":    {code: 4, steps: true, says: "ended before its last command, with code 4"},
		"npm run killed":  {code: 137, steps: true, says: "ended before its last command: signal: killed"},
		// Files without an end, or without a writer.
		"npm run fifo":           {dir: "fifo", code: 2, says: "package.json: it is not a regular file"},
		"npm run zero":           {dir: "zero", code: 2, says: "package.json: it is not a regular file"},
		"pm2-runtime start a.js": {code: 2, says: "use: muster run -- node a.js"},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(binary(t), append([]string{"run", "--json", "--"}, strings.Fields(command)...)...)
			cmd.Dir = filepath.Join(dir, tt.dir)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			timer := time.AfterFunc(kit.Patience, func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
			_ = cmd.Run() // the code is what is asked for
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			text := strings.Replace(stderr.String(), "run --json --", "run --", 1) // the line has our flags
			if !strings.Contains(text, tt.says) || stdout.Len() > 0 {
				t.Errorf("it says %q, want %q; stdout %q", text, tt.says, stdout.String())
			}
			if n := strings.Count(text, "\n"); n != 1 && command != "" && !tt.steps {
				t.Errorf("%d lines:\n%s", n, text)
			}
		})
	}
}

// A worker prints 100 MB as fast as it is taken: the memory of the primary stays
// bounded and the others are served.
func TestNodeWorkerPrints100MB(t *testing.T) {
	t.Parallel()
	node := needNode(t)
	p := runMuster(t, muster{}, node, "flood.js")
	p.AwaitKind(2, engine.KindListening)
	// The flood goes on until it hears /enough: what the other worker answers
	// between its first line and that is answered in the midst of it.
	served, slowest, flooded := 0, time.Duration(0), 0
	for begin, path := time.Now(), "/"; ; {
		if time.Since(begin) > kit.Patience {
			t.Fatalf("the flood is at %d bytes, the other worker answered %d times", flooded, served)
		}
		asked := time.Now()
		var a struct{ ID, Written int }
		if err := json.Unmarshal([]byte(get(t, p.Addr(), path)), &a); err != nil {
			t.Fatal(err)
		}
		if a.ID == 1 {
			if path == "/enough" {
				break
			}
			flooded = a.Written
		} else if flooded > 0 {
			served++
			slowest = max(slowest, time.Since(asked))
		}
		if flooded >= 100e6 && served >= 10 {
			path = "/enough"
		}
	}
	p.AwaitLines(1, "flood over")
	if slowest > 2*time.Second {
		t.Errorf("the slowest answer of the other worker took %v", slowest)
	}
	if peak := peakMemory(t, p.PID); peak > 100<<20 {
		t.Errorf("the primary needed %d MiB", peak>>20)
	}
	missed := uint64(0)
	for _, e := range kit.OfKind(p.SoFar(), engine.KindOutput) {
		missed += e.Detail.(engine.OutputDetail).Missed
	}
	if missed < 50_000 {
		t.Errorf("%d lines are said to be left out", missed)
	}
}

// peakMemory is the most a process has had resident.
func peakMemory(t *testing.T, pid int) uint64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(l, "VmHWM:"); ok {
			return uint64(atoi(t, strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))) << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
