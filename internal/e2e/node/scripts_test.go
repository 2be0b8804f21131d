//go:build linux

package node

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// What a script of package.json does besides starting the program: launchers are
// taken out, and what comes before the program runs once, in the primary.
func TestNodeScriptsOfPackageJSON(t *testing.T) {
	t.Parallel()
	needNode(t)
	app := filepath.Join(programs, "app.js")
	const build = "echo built >> steps.txt"
	for name, tt := range map[string]struct {
		scripts string // the rest of package.json's
		marker  string
		steps   string // what steps.txt holds
		note    string
	}{
		"cross-env":                          {`"start":"cross-env MARKER='a b' OTHER=1 node app.js"`, "a b", "", "cross-env is taken out"},
		"cross-env of a variable":            {`"start":"cross-env MARKER='$FROM_OUTSIDE-x' node app.js"`, "outside-x", "", "cross-env is taken out"},
		"cross-env-shell":                    {`"start":"cross-env-shell MARKER=1 'export MARKER=$MARKER-2 && node app.js'"`, "1-2", "", "cross-env-shell is taken out"},
		"a build":                            {`"build":"` + build + `","start":"npm run build && MARKER=b node app.js"`, "b", "built\n", "run once, before the workers: npm run build"},
		"prestart":                           {`"prestart":"` + build + `","start":"MARKER=p node app.js","poststart":"` + build + `"`, "p", "built\n", "run once"},
		"nested":                             {`"prestart":"echo one >> steps.txt","start":"export MARKER=n && npm run other","preother":"echo $MARKER >> steps.txt","other":"cd . && cross-env X=1 node app.js"`, "n", "one\nn\n", "npm other: cd . && cross-env X=*** node app.js"},
		"node --run":                         {`"start":"node --run other","other":"MARKER=r node app.js"`, "r", "", "node --run other: "},
		"another Node program at its output": {`"start":"node app.js | node out.js"`, "", "", "npm start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := script(t, map[string]string{"package.json": `{"scripts":{` + tt.scripts + `}}`, "app.js": "require(" + fmt.Sprintf("%q", app) + ")", "out.js": "process.stdin.pipe(process.stdout)"})
			p := runMuster(t, muster{dir: dir, env: []string{"FROM_OUTSIDE=outside", "PWD=" + dir}}, "npm", "start")
			up := p.AwaitKind(2, engine.KindListening)
			ids := map[int]bool{}
			for range 4 {
				a := getApp(t, p.Addr(), "/")
				ids[a.ID] = true
				if a.Marker != tt.marker {
					t.Errorf("MARKER is %q, want %q", a.Marker, tt.marker)
				}
			}
			if len(ids) != 2 {
				t.Errorf("workers %v answered", ids)
			}
			if setup := kit.OfKind(p.SoFar(), engine.KindSetup)[0].Detail.(engine.SetupDetail); !strings.Contains(setup.Note, tt.note) {
				t.Errorf("the note is %q, want %q", setup.Note, tt.note)
			}
			// A replacement does not do it again.
			if err := syscall.Kill(up[0].PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			p.AwaitKind(3, engine.KindListening)
			b, err := os.ReadFile(filepath.Join(dir, "steps.txt"))
			if err != nil && tt.steps != "" {
				t.Error(err)
			}
			if string(b) != tt.steps {
				t.Errorf("the steps were %q, want %q", b, tt.steps)
			}
		})
	}
}

// A signal during a build ends the build, all of it, and muster with it; nothing
// is started, and stdout has no line.
func TestNodeStopDuringABuild(t *testing.T) {
	t.Parallel()
	needNode(t)
	for name, tt := range map[string]struct {
		build string
		twice bool
		code  int
	}{
		"once":  {"echo $$ > pid; sleep 600; true", false, 0},
		"twice": {"trap '' TERM INT; echo $$ > pid; while :; do sleep 600; done", true, 143},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := script(t, map[string]string{"package.json": `{"scripts":{"prestart":"` + tt.build + `","start":"node app.js"}}`})
			p := runMuster(t, muster{dir: dir, env: []string{"PWD=" + dir}, args: []string{"--json", "--grace=0"}}, "npm", "start")
			pid := pidIn(t, filepath.Join(dir, "pid"))
			if tt.twice { // the same signal may come twice for one wish
				p.Signal(syscall.SIGINT)
				testkit.Eventually(t, kit.Patience, func() bool { return strings.Contains(p.Stderr(), "stopping") }, "it was passed on")
			}
			p.Signal(syscall.SIGTERM)
			if code := p.Code(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if p.Stdout() != "" {
				t.Errorf("stdout: %s", p.Stdout())
			}
			testkit.Eventually(t, kit.Patience, func() bool { return syscall.Kill(-pid, 0) == syscall.ESRCH }, "nothing of the build is left")
		})
	}
}

// What a build step had started outlived muster: its shell heard the signal, and
// nobody waited for the rest of its group.
func TestNodeStopEndsWhatABuildLeaves(t *testing.T) {
	t.Parallel()
	needNode(t)
	const stubborn = "trap : INT TERM HUP\n(trap '' INT TERM HUP; exec sleep 600) &\necho $PPID > pid\nwhile :; do sleep 0.1; done\n"
	for name, tt := range map[string]struct {
		kill    string
		signals []syscall.Signal
		code    int
	}{
		"after --kill-timeout":  {"300ms", []syscall.Signal{syscall.SIGTERM}, 0},
		"by a second signal":    {"0", []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, 143},
		"with muster's SIGKILL": {"0", []syscall.Signal{syscall.SIGKILL}, -int(syscall.SIGKILL)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			build := stubborn
			if tt.code < 0 { // the shell of the step is what is promised
				build = "echo $$ > pid; while :; do sleep 0.1; done"
			}
			dir := script(t, map[string]string{"package.json": `{"scripts":{"start":"sh build.sh && node app.js"}}`, "build.sh": build})
			if tt.code < 0 {
				dir = script(t, map[string]string{"package.json": `{"scripts":{"prestart":"` + build + `","start":"node app.js"}}`})
			}
			p := runMuster(t, muster{dir: dir, env: []string{"PWD=" + dir}, args: []string{"--json", "--kill-timeout=" + tt.kill}}, "npm", "start")
			group := pidIn(t, filepath.Join(dir, "pid"))
			t.Cleanup(func() { _ = syscall.Kill(-group, syscall.SIGKILL) }) // if it failed
			for i, sig := range tt.signals {
				p.Signal(sig)
				if i+1 < len(tt.signals) {
					testkit.Eventually(t, kit.Patience, func() bool { return strings.Contains(p.Stderr(), "stopping") }, "it was passed on")
				}
			}
			if code := p.Code(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			testkit.Eventually(t, kit.Patience, func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH }, "nothing of the build is left")
		})
	}
}

// What a step that has ended leaves behind may be for the program: it lives on.
func TestNodeBuildMayLeaveADaemon(t *testing.T) {
	t.Parallel()
	needNode(t)
	dir := script(t, map[string]string{"package.json": `{"scripts":{"prestart":"sleep 600 >/dev/null 2>&1 & echo $! > pid; exit 0","start":"exit 5; node app.js"}}`})
	p := runMuster(t, muster{dir: dir, env: []string{"PWD=" + dir}}, "npm", "start")
	daemon := pidIn(t, filepath.Join(dir, "pid"))
	t.Cleanup(func() { _ = syscall.Kill(daemon, syscall.SIGKILL) })
	if code := p.Code(); code != 5 {
		t.Errorf("exit code %d, want 5", code)
	}
	if err := syscall.Kill(daemon, 0); err != nil {
		t.Errorf("the daemon: %v", err)
	}
}

// pidIn is the pid in a file, as soon as it stands there.
func pidIn(t *testing.T, file string) (pid int) {
	t.Helper()
	testkit.Eventually(t, kit.Patience, func() bool {
		b, err := os.ReadFile(file)
		n, _ := fmt.Sscan(string(b), &pid)
		return err == nil && n == 1
	}, "the build runs")
	return pid
}

// The line that stands in place of a launcher runs, word for word.
func TestNodeLinesToUseRun(t *testing.T) {
	t.Parallel()
	needNode(t)
	dir := script(t, map[string]string{
		"package.json": `{"scripts":{"watch":"MARKER=w node --watch app.js","mon":"nodemon -w . app.js","dot":"dotenv -- node app.js","both":"concurrently 'npm:other' 'node app.js'","build":"node -e 0 && nodemon app.js","other":"sleep 100","cd":"cd . && nodemon 'app.js'"}}`,
		"app.js":       "require(" + fmt.Sprintf("%q", filepath.Join(programs, "app.js")) + ")",
		".env":         "MARKER=e\n",
	})
	for name, marker := range map[string]string{"watch": "w", "mon": "", "dot": "e", "both": "", "build": "", "cd": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v := major(t); name == "dot" && v < 20 {
				t.Skipf("node %d has no --env-file", v)
			}
			cmd := exec.Command(binary(t), "run", "--", "npm", "run", name)
			cmd.Dir = dir
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			_ = cmd.Run() // it is refused
			_, line, ok := strings.Cut(strings.TrimSpace(stderr.String()), "; use: ")
			if !ok || cmd.ProcessState.ExitCode() != 2 {
				t.Fatalf("exit code %d: %s", cmd.ProcessState.ExitCode(), stderr.String())
			}
			before, command, _ := strings.Cut(line, "muster run -- ")
			if before != "" {
				b := exec.Command("sh", "-c", before+"true")
				b.Dir = dir
				if out, err := b.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", before, err, out)
				}
			}
			words, err := exec.Command("sh", "-c", `for w in `+command+`; do printf '%s\0' "$w"; done`).Output()
			if err != nil {
				t.Fatal(err)
			}
			p := runMuster(t, muster{dir: dir}, strings.Split(strings.TrimSuffix(string(words), "\x00"), "\x00")...)
			p.AwaitKind(2, engine.KindListening)
			if a := getApp(t, p.Addr(), "/"); a.Marker != marker {
				t.Errorf("%s: MARKER is %q, want %q", line, a.Marker, marker)
			}
		})
	}
}
