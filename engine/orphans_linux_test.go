package engine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// helpers are ways to start something from a shell; each says its number.
const (
	helperPlain  = `sleep 600 >/dev/null 3>&- & echo helper $!;`
	helperOutput = `sleep 600 & echo helper $!;` // holds the worker's output and channel
	helperDeaf   = `(trap '' TERM; exec sleep 600 3>&-) & echo helper $!;`
	helperOrphan = `(sleep 600 3>&- & echo helper $!);`
	helperSetsid = `setsid sleep 600 >/dev/null 3>&- & echo helper $!;`
	helperDaemon = `setsid sh -c 'trap "" TERM; sleep 600 3>&- & echo helper $!' ;`
	helperBare   = `env -i setsid sleep 600 >/dev/null 3>&- & echo helper $!;`
	inTheGroup   = helperPlain + helperOutput + helperDeaf + helperOrphan
	outOfIt      = helperSetsid + helperDaemon + helperBare
	stays        = `echo up; read x <&3` // until it is told to leave
)

// shells is a cluster whose workers are a shell.
type shells struct {
	*Cluster
	t   *testing.T
	ran chan error
}

// runShells runs script as the workers; without one it is this binary.
func runShells(t *testing.T, script string, o Options) *shells {
	t.Helper()
	if script != "" {
		o.Settings.Exec, o.Settings.Args = "/bin/sh", []string{"-c", script}
	}
	o.Workers = max(o.Workers, 1)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &shells{c, t, make(chan error, 1)}
	go func() { s.ran <- c.Run(context.Background()) }()
	t.Cleanup(func() {
		c.Close()
		if err := receive(t, s.ran); err != nil {
			t.Errorf("Run: %v", err)
		}
		if t.Failed() {
			ev, _ := c.Events(0)
			for _, e := range ev {
				b, _ := e.MarshalJSON()
				t.Logf("%s", b)
			}
		}
	})
	return s
}

// helpers waits until n workers are up and returns what each has started.
func (s *shells) helpers(n int) map[int][]int {
	s.t.Helper()
	var of map[int][]int
	poll(s.t, "the workers are up", func() bool {
		of = make(map[int][]int)
		up := 0
		ev, _ := s.Events(0)
		for _, e := range ev {
			d, _ := e.Detail.(OutputDetail)
			if d.Text == "up" {
				up++
			}
			if pid, ok := strings.CutPrefix(d.Text, "helper "); ok {
				p, _ := strconv.Atoi(pid)
				of[e.Worker] = append(of[e.Worker], p)
			}
		}
		return up >= n
	})
	for worker, pids := range of {
		for _, pid := range pids {
			// A shell tells the number before the process is what it becomes, deaf say.
			poll(s.t, fmt.Sprintf("helper %d sleeps", pid), func() bool {
				name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)) // fails when it has gone
				return string(name) == "sleep\n" || dead(pid)
			})
			if dead(pid) && worker >= n {
				s.t.Fatalf("helper %d did not start", pid)
			}
			s.t.Cleanup(func() { // after a failure
				if slices.Contains(testkit.WithPrimary(os.Getpid()), pid) {
					_ = unix.Kill(pid, unix.SIGKILL)
				}
			})
		}
	}
	return of
}

// gone waits until all have ended, and been reaped if they came to us.
func (s *shells) gone(pids []int) {
	s.t.Helper()
	for _, pid := range pids {
		poll(s.t, fmt.Sprintf("process %d is gone", pid), func() bool {
			return stateOf(pid) == 0 || dead(pid) && !s.loop.family.adopting()
		})
	}
}

func (s *shells) orphans() (found []Event) {
	ev, _ := s.Events(0)
	for _, e := range ev {
		if e.Kind == KindOrphans {
			found = append(found, e)
		}
	}
	return found
}

func (s *shells) do(c Command) {
	s.t.Helper()
	if _, err := s.Do(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
}

// However a worker ends, what it has started ends too, and has been told to.
func TestWhatAWorkerStartedOutlivedIt(t *testing.T) {
	if !alone(t) {
		return
	}
	for name, o := range map[string]struct {
		adopt  Adoption
		script string
		n      int
	}{
		"group":  {AdoptNone, inTheGroup, 4},
		"adopts": {AdoptAll, inTheGroup + outOfIt, 7},
	} {
		for how, end := range map[string]func(*shells){
			"crash":   func(s *shells) { s.do(Command{Op: OpCrash, Worker: 1}) },
			"SIGTERM": func(s *shells) { s.do(Command{Op: OpKill, Worker: 1}) },
			"exit":    func(s *shells) { s.do(Command{Op: OpKill, Worker: 1, Signal: syscall.SIGUSR1}) },
			"stop":    func(s *shells) { s.Stop() },
			"Close":   func(s *shells) { s.Close() },
		} {
			if o.adopt == AdoptNone && (how == "SIGTERM" || how == "exit") {
				continue // as with a crash
			}
			t.Run(name+" "+how, func(t *testing.T) {
				s := runShells(t, `trap 'exit 3' USR1;`+o.script+stays, Options{Adopt: o.adopt, NoRestart: true, Grace: time.Millisecond})
				pids := s.helpers(1)[1]
				if len(pids) != o.n {
					t.Fatalf("helpers %v", pids)
				}
				end(s)
				if how == "stop" || how == "Close" {
					<-s.Done() // and not a moment later
					for _, pid := range pids {
						if !dead(pid) {
							t.Errorf("helper %d lives when the cluster has ended", pid)
						}
					}
				}
				s.gone(pids)
				if how == "Close" {
					return // the group was killed with the worker
				}
				told := map[string][]int{}
				poll(t, "all is told, also that one had ignored SIGTERM", func() bool {
					clear(told)
					for _, e := range s.orphans() {
						d := e.Detail.(OrphansDetail)
						if d.Count != len(d.Processes) {
							t.Fatalf("%+v", d)
						}
						for _, p := range d.Processes {
							told[d.Signal] = append(told[d.Signal], p.PID)
							if !strings.Contains(p.Command, "sleep 600") {
								t.Errorf("the command is %q", p.Command)
							}
						}
					}
					return len(told["SIGTERM"]) == len(pids) && len(told["SIGKILL"]) > 0
				})
				for _, l := range [][]int{told["SIGTERM"], pids} {
					slices.Sort(l)
				}
				if !slices.Equal(told["SIGTERM"], pids) {
					t.Errorf("SIGTERM to %v, helpers %v", told["SIGTERM"], pids)
				}
			})
		}
	}
}

// A worker written in Go that uses os/exec is no different.
func TestWhatAGoWorkerStartedOutlivedIt(t *testing.T) {
	s := runShells(t, "", Options{Addr: "127.0.0.1:0", Adopt: AdoptWorkers, Settings: Settings{Env: []string{startsEnv + "=1"}}})
	first := s.helpers(1)[1]
	s.do(Command{Op: OpRestart, Worker: 1})
	second := s.helpers(2)[2]
	s.gone(first)
	s.do(Command{Op: OpCrash, Worker: 2})
	s.gone(second)
	last := s.helpers(3)[3]
	s.Close()
	if len(first) != 2 || len(second) != 2 || len(last) != 2 {
		t.Errorf("helpers %v, %v, %v", first, second, last)
	}
	for _, pid := range last {
		if !dead(pid) {
			t.Errorf("helper %d lives after Close", pid)
		}
	}
}

// What is left of a worker takes its time; its exit and its replacement do not.
func TestReplacementDidNotWaitForWhatWasLeft(t *testing.T) {
	t.Parallel()
	s := runShells(t, helperDeaf+stays, Options{})
	pids := s.helpers(1)[1]
	s.do(Command{Op: OpCrash, Worker: 1})
	more := s.helpers(2)[2]
	s.gone(pids)
	var order []string
	poll(t, "SIGKILL is told", func() bool {
		order = nil
		ev, _ := s.Events(0)
		for _, e := range ev {
			switch d := e.Detail.(type) {
			case ExitDetail:
				order = append(order, "exit")
			case ForkDetail:
				order = append(order, "fork")
			case OrphansDetail:
				order = append(order, d.Signal)
			}
		}
		return slices.Contains(order, "SIGKILL")
	})
	// SIGTERM is another goroutine's, and may come before the fork or after it.
	if got := strings.Join(order, " "); got != "fork exit SIGTERM fork SIGKILL" && got != "fork exit fork SIGTERM SIGKILL" {
		t.Errorf("the order is %s", got)
	}
	if len(more) != 1 || dead(more[0]) {
		t.Errorf("the helpers of the replacement: %v", more)
	}
}

// One without mark and parent is older than any worker that lives, so it is that
// of one that has ended; also if nothing else was left that is waited for.
func TestBareHelperOutlivedItsWorkerInALiveCluster(t *testing.T) {
	if !alone(t) {
		return
	}
	for name, script := range map[string]string{"alone": helperBare, "with another": helperDeaf + helperBare} {
		t.Run(name, func(t *testing.T) {
			s := runShells(t, script+stays, Options{Adopt: AdoptAll})
			first := s.helpers(1)[1]
			s.do(Command{Op: OpCrash, Worker: 1})
			second := s.helpers(2)[2]
			s.gone(first)
			for _, pid := range second {
				if dead(pid) {
					t.Errorf("helper %d of the next worker was ended", pid)
				}
			}
		})
	}
}

// The helpers of a worker that lives are left alone, orphans too, when another
// worker ends.
func TestHelpersOfALiveWorkerWereEnded(t *testing.T) {
	if !alone(t) {
		return
	}
	s := runShells(t, helperOrphan+helperDaemon+helperSetsid+helperBare+stays, Options{Workers: 2, Adopt: AdoptAll, NoRestart: true})
	of := s.helpers(2)
	s.do(Command{Op: OpCrash, Worker: 1})
	s.gone(of[1][:3])
	for _, pid := range of[2] {
		if dead(pid) {
			t.Errorf("helper %d of worker 2 was ended", pid)
		}
	}
	s.do(Command{Op: OpCrash, Worker: 2})
	s.gone(append(of[1], of[2]...))
}

func TestKeptChildrenWereEnded(t *testing.T) {
	if !alone(t) {
		return
	}
	for how, end := range map[string]func(*shells){
		"crash":   func(s *shells) { s.do(Command{Op: OpCrash, Worker: 1}) },
		"KillAll": func(s *shells) { s.KillAll() },
		"leaves":  func(s *shells) { s.do(Command{Op: OpDisconnect, Worker: 1}) },
		"grace": func(s *shells) { // it ignores SIGTERM, and its channel
			s.do(Command{Op: OpSend, Worker: 1, Message: []byte("1")})
			s.do(Command{Op: OpDisconnect, Worker: 1})
		},
	} {
		t.Run(how, func(t *testing.T) {
			s := runShells(t, helperPlain+helperDeaf+helperOrphan+outOfIt+`trap '' TERM;`+stays+"; wait",
				Options{Adopt: AdoptAll, KeepChildren: true, NoRestart: true, Grace: time.Millisecond})
			pids := s.helpers(1)[1]
			worker := s.Worker(1)
			end(s)
			<-worker.Done()
			s.Close()
			for _, pid := range pids {
				if dead(pid) {
					t.Errorf("helper %d was ended", pid)
				}
				_ = unix.Kill(pid, unix.SIGKILL)
			}
			if n := len(s.orphans()); n > 0 {
				t.Errorf("%d events tell of an end", n)
			}
			reapAll(t, pids)
		})
	}
}

// reapAll takes up what came to this process while it adopted, and was kept.
func reapAll(t *testing.T, pids []int) {
	for _, pid := range pids {
		poll(t, "it has ended", func() bool { return dead(pid) })
		_ = unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED, nil) // or init does
	}
}

func TestZombiesPiledUp(t *testing.T) {
	t.Parallel()
	// Each is orphaned alive and ends then; the last two are orphaned by setsid.
	const script = `for i in 1 2 3 4 5 6 7 8; do (sh -c 'sleep 0.1; exit 3' >/dev/null & echo helper $!); done;` +
		`setsid sh -c 'env -i sleep 0.1 >/dev/null & echo helper $!';` + stays
	for name, o := range map[string]Options{"adopts": {Adopt: AdoptWorkers}, "keeps children": {Adopt: AdoptAll, KeepChildren: true}} {
		t.Run(name, func(t *testing.T) {
			s := runShells(t, script, o)
			pids := []int{}
			poll(t, "the worker is up", func() bool {
				pids = nil
				ev, _ := s.Events(0)
				for _, e := range ev {
					if d, ok := e.Detail.(OutputDetail); ok && strings.HasPrefix(d.Text, "helper ") {
						pid, _ := strconv.Atoi(d.Text[len("helper "):])
						pids = append(pids, pid)
					}
				}
				return len(pids) == 9
			})
			s.gone(pids)
		})
	}
}

// A program's own processes stay its own: it waits for them when it likes, and
// what they leave is not the cluster's to end.
func TestOwnChildrenOfTheProgramWereTouched(t *testing.T) {
	s := runShells(t, helperOrphan+stays, Options{Adopt: AdoptWorkers, NoRestart: true})
	pids := s.helpers(1)[1]
	ended := exec.Command("/bin/sh", "-c", "exit 7")
	lives := exec.Command("/bin/sleep", "600")
	for _, cmd := range []*exec.Cmd{ended, lives} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("/bin/sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!").Output()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	poll(t, "one has ended", func() bool { return stateOf(ended.Process.Pid) == 'Z' })
	s.do(Command{Op: OpCrash, Worker: 1})
	s.gone(pids) // so it has looked, and reaped
	if p, err := readStat(stranger); err != nil || p.dead || p.ppid != os.Getpid() {
		t.Errorf("the orphan of another child: %+v, %v", p, err)
	}
	_ = unix.Kill(stranger, unix.SIGKILL)
	s.gone([]int{stranger}) // it is reaped all the same
	s.Close()
	if err := ended.Wait(); err == nil || err.Error() != "exit status 7" {
		t.Errorf("waiting for one that had ended: %v", err)
	}
	if dead(lives.Process.Pid) {
		t.Error("a child of the program was ended")
	}
	_ = lives.Process.Kill()
	if err := lives.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("waiting for one that lived: %v", err)
	}
}

// The process is a subreaper as long as a cluster wants it, no longer.
func TestProcessStayedASubreaper(t *testing.T) {
	is := func() bool {
		undo, err := becomeSubreaper()
		if err != nil {
			t.Fatal(err)
		}
		undo()
		subreaper.Lock()
		defer subreaper.Unlock()
		return subreaper.users > 0 || subreaper.was
	}
	if is() {
		t.Fatal("it is one from the start")
	}
	a := runShells(t, stays, Options{Adopt: AdoptWorkers})
	b := runShells(t, stays, Options{Adopt: AdoptAll})
	a.helpers(1)
	b.helpers(1)
	a.Close()
	if !is() {
		t.Error("the end of one cluster ended it for the other")
	}
	b.Close()
	if is() {
		t.Error("it still is one")
	}
}

// A panic, or a second signal: all of it at once, whatever the loop does.
func TestKillAllLeftWhatWorkersStarted(t *testing.T) {
	for name, o := range map[string]struct {
		adopt  Adoption
		script string
	}{"group": {AdoptNone, inTheGroup + helperSetsid}, "adopts": {AdoptAll, inTheGroup + outOfIt}} {
		t.Run(name, func(t *testing.T) {
			s := runShells(t, o.script+stays, Options{Adopt: o.adopt, Workers: 2, NoRestart: true})
			of := s.helpers(2)
			s.KillAll()
			for _, pid := range append(of[1], of[2]...) {
				if !dead(pid) {
					t.Errorf("helper %d lives", pid)
				}
			}
		})
	}
}

// A signal goes to the process it is meant for, not to another with its number.
func TestSignalToANumberUsedAgain(t *testing.T) {
	cmd := exec.Command("/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	end := func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) }
	defer end()
	p, err := readStat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := p
	other.start--
	if err := (kin{other, 1}).signal(syscall.SIGKILL); err == nil || dead(p.pid) {
		t.Errorf("a signal to another process: %v", err)
	}
	if err := (kin{p, 1}).signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	poll(t, "it has ended", func() bool { return dead(p.pid) })
	end()
	if err := (kin{p, 1}).signal(syscall.SIGKILL); err == nil {
		t.Error("a signal to one that has gone")
	}
}
