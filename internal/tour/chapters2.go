package tour

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"muster/engine"
)

func accidents(workers int) Chapter {
	from := From{Workers: workers}
	byAccident := func(s *scene) bool {
		d := s.exited()
		return d != nil && !d.Voluntary && s.replaced()
	}
	return Chapter{Title: "killed by accident", Steps: []Step{
		{
			Name:   "killed from outside",
			Say:    "Somebody kills a worker from outside: 'disconnect', 'exit', exitedAfterDisconnect is false. An accident, so another is forked at once.",
			Call:   "process.kill({pid}, 'SIGKILL')",
			Causes: []engine.Kind{engine.KindKill, engine.KindDisconnect, engine.KindExit, engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   from, Traffic: visitors, MayFail: true, fact: exitFact,
			act: func(s *scene) error {
				s.until(stepLimit, func(s *scene) bool { return s.answered() > 0 })
				_, err := s.do(engine.Command{Op: engine.OpCrash, Worker: s.worker})
				return err
			},
			done: func(s *scene) bool { return byAccident(s) && s.answered() >= seenEnough },
		},
		{
			Name:   "a crash of its own",
			Say:    "A request that crashes its worker: exit code 2, again false. The client whose request it was gets no answer, the next one does: from the new worker.",
			Call:   "GET /crash",
			Causes: []engine.Kind{engine.KindDisconnect, engine.KindExit, engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   from, MayFail: true, fact: exitFact,
			act: func(s *scene) error {
				if err := s.get("/crash"); err != nil && !errors.Is(err, errNoAnswer) {
					return err
				}
				// The worker that got the request is the one that died of it.
				s.until(stepLimit, func(s *scene) bool { return s.saw(engine.KindExit, 0) })
				if e := s.find(engine.KindExit, 0); e != nil {
					s.about(e.Worker)
				}
				return nil
			},
			done: func(s *scene) bool { d := s.exited(); return byAccident(s) && d.Code != nil && *d.Code == 2 },
		},
	}}
}

// exitFact is what tells an accident from a wanted end.
func exitFact(s *scene) string {
	d := s.exited()
	if d == nil {
		return ""
	}
	return fmt.Sprintf("worker %d: %v, exitedAfterDisconnect %t", s.worker, d, d.Voluntary)
}

func voluntary(workers int) Chapter {
	wanted := func(s *scene) bool { d := s.exited(); return d != nil && d.Voluntary && !s.replaced() }
	return Chapter{Title: "kill() and disconnect()", Steps: []Step{
		{
			Name:   "kill()",
			Say:    "worker.kill() is an end that was wanted: exitedAfterDisconnect is true, and nobody takes its place.",
			Call:   "cluster.workers[{worker}].kill()",
			Causes: []engine.Kind{engine.KindKill, engine.KindDisconnect, engine.KindExit},
			From:   From{Workers: workers}, fact: exitFact,
			act: func(s *scene) error {
				_, err := s.do(engine.Command{Op: engine.OpKill, Worker: s.worker, Signal: syscall.SIGTERM})
				return err
			},
			done: wanted,
		},
		{
			Name:   "disconnect()",
			Say:    "worker.disconnect() is graceful: it closes its servers, finishes what it has, then the channel closes and it ends. True again, and 0 failed.",
			Call:   "cluster.workers[{worker}].disconnect()",
			Causes: []engine.Kind{engine.KindLeave, engine.KindDisconnect, engine.KindExit},
			From:   From{Workers: workers}, Traffic: patient, fact: exitFact,
			act: func(s *scene) error {
				// The worker must have something to finish.
				s.until(stepLimit, func(s *scene) bool {
					w := s.row()
					return w == nil || s.traffic.inFlight() >= uint64(patient.Clients) && (w.Open == nil || *w.Open > 0)
				})
				_, err := s.do(engine.Command{Op: engine.OpDisconnect, Worker: s.worker})
				return err
			},
			done: func(s *scene) bool { return wanted(s) && s.calm() },
		},
		{
			Name:   "voluntary or not",
			Say:    "So the page's 'exit' listener can tell them apart: fork again only after an accident. Here the tour forks the one that is missing.",
			Call:   "cluster.on('exit', worker => { if (!worker.exitedAfterDisconnect) cluster.fork() })",
			Causes: []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   From{Workers: workers - 1},
			act:    func(s *scene) error { return s.fork(max(workers-living(s.snap), 1)) },
			done:   func(s *scene) bool { return s.cameUp(1) },
		},
	}}
}

func messages(workers int) Chapter {
	send := func(s *scene, id int) error {
		_, err := s.do(engine.Command{Op: engine.OpSend, Worker: id, Message: json.RawMessage(`{"clear":"cache"}`)})
		return err
	}
	return Chapter{Title: "a message to a worker and back", Steps: []Step{
		{
			Name:   "send",
			Say:    "worker.send() sends a JSON value over the channel; the worker hears 'message' and answers with process.send(): 'message' here.",
			Call:   `cluster.workers[{worker}].send({"clear":"cache"})`,
			Causes: []engine.Kind{engine.KindSend, engine.KindMessage},
			From:   From{Workers: workers},
			act:    func(s *scene) error { return send(s, s.worker) },
		},
		{
			Name:   "to all",
			Say:    "Workers share no memory: what all have to know is sent to each. cluster 'message' names the worker that answers.",
			Call:   `for (const id in cluster.workers) cluster.workers[id].send({"clear":"cache"})`,
			Causes: []engine.Kind{engine.KindSend, engine.KindMessage},
			From:   From{Workers: workers},
			act: func(s *scene) error {
				for i := range s.snap.Workers {
					if w := &s.snap.Workers[i]; w.State == engine.StateListening {
						if err := send(s, w.ID); err != nil {
							return err
						}
					}
				}
				return nil
			},
			done: func(s *scene) bool {
				heard := map[int]bool{}
				for i := range s.events {
					if s.events[i].Kind == engine.KindMessage {
						heard[s.events[i].Worker] = true
					}
				}
				return len(heard) >= workers
			},
		},
	}}
}

// Settings of the tour.
const (
	greeting  = "--greeting=hello"  // an argument the built-in worker ignores
	noProgram = "./no-such-program" // has no file
)

func settings(workers int) Chapter {
	greeted := []string{greeting}
	return Chapter{Title: "settings, isConnected(), isDead()", Steps: []Step{
		{
			Name:   "setupPrimary",
			Say:    "cluster.setupPrimary() (setupMaster is its old name) changes what later forks use: 'setup' says so, cluster.settings shows it. Living workers stay.",
			Call:   "cluster.setupMaster({ args: ['" + greeting + "'] })",
			Causes: []engine.Kind{engine.KindSetup},
			From:   From{Workers: workers}, fact: settingsFact,
			act: func(s *scene) error { return s.setup(From{Args: greeted}) },
		},
		{
			Name:   "a fork with them",
			Say:    "The next fork has them, as its command line says. The workers before it run on with what they were started with.",
			Call:   "cluster.fork()",
			Causes: []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   From{Workers: workers, Args: greeted},
			act: func(s *scene) error {
				if err := s.fork(1); err != nil {
					return err
				}
				r, err := s.do(engine.Command{Op: engine.OpInspect, Worker: s.worker})
				if err == nil && r.Details != nil {
					s.answer = r.Details.Command
				}
				return err
			},
			fact: func(s *scene) string {
				if s.answer == "" {
					return ""
				}
				return fmt.Sprintf("worker %d: %s", s.worker, s.answer)
			},
			done: func(s *scene) bool { return s.cameUp(1) && strings.Contains(s.answer, greeting) },
		},
		{
			Name:   "isConnected and isDead",
			Say:    "isConnected() holds while the channel is there, isDead() once the process has ended. disconnect() turns one, and then the other.",
			Call:   "cluster.workers[{worker}].disconnect()",
			Causes: []engine.Kind{engine.KindLeave, engine.KindDisconnect, engine.KindExit},
			From:   From{Workers: workers, Args: greeted}, pick: newestListening,
			act: func(s *scene) error {
				_, err := s.do(engine.Command{Op: engine.OpDisconnect, Worker: s.worker})
				return err
			},
			fact: func(s *scene) string {
				w := s.row()
				if w == nil {
					return ""
				}
				return fmt.Sprintf("worker %d: isConnected() %t, isDead() %t", w.ID, w.Connected, w.Dead)
			},
			done: func(s *scene) bool { w := s.row(); return w != nil && !w.Connected && w.Dead },
		},
		{
			Name:   "error",
			Say:    "A program that does not exist is no error of setupPrimary() but of the fork: the worker's 'error' says why, its 'exit' follows.",
			Call:   "cluster.setupPrimary({ exec: '" + noProgram + "' }); cluster.fork()",
			Causes: []engine.Kind{engine.KindSetup, engine.KindError, engine.KindExit},
			From:   From{Workers: workers},
			act: func(s *scene) error {
				if err := s.setup(From{Exec: noProgram}); err != nil {
					return err
				}
				// The step shows this failure.
				_, _ = s.do(engine.Command{Op: engine.OpFork})
				return nil
			},
		},
		{
			Name:   "mended",
			Say:    "The settings as they were: the next try of that place works. A fork that fails costs no other worker anything.",
			Call:   "cluster.setupPrimary({ exec: process.execPath })",
			Causes: []engine.Kind{engine.KindSetup, engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   From{Workers: workers, Exec: noProgram}, fact: settingsFact,
			act:  mend,
			done: func(s *scene) bool { return s.cameUp(1) },
		},
	}}
}

func settingsFact(s *scene) string { return "cluster.settings " + s.c.Settings().String() }

// mend sets the program back and makes the slot that waits, or has given up,
// try again at once.
func mend(s *scene) error {
	if err := s.setup(From{}); err != nil {
		return err
	}
	cmd := engine.Command{Op: engine.OpFork}
	if id := givenUp(s.snap); id != 0 {
		cmd = engine.Command{Op: engine.OpRestart, Worker: id}
	}
	_, err := s.do(cmd)
	if errors.Is(err, engine.ErrNoWorker) { // the slot has tried again meanwhile
		return nil
	}
	return err
}

func theEnd(workers int) Chapter {
	broken := From{Workers: workers, Exec: "sh", Args: []string{"-c", "exit 3"}}
	return Chapter{Title: "a crash loop, and the end", Steps: []Step{
		{
			Name:   "crash loop",
			Say:    "A program that ends at once: each try waits twice as long, after five deaths the place gives up. The other workers do not notice.",
			Call:   "cluster.setupPrimary({ exec: 'sh', args: ['-c', 'exit 3'] }); cluster.fork()",
			Causes: []engine.Kind{engine.KindSetup, engine.KindFork, engine.KindExit, engine.KindStopped},
			From:   From{Workers: workers}, Traffic: visitors,
			act: func(s *scene) error {
				if err := s.setup(broken); err != nil {
					return err
				}
				_, err := s.do(engine.Command{Op: engine.OpFork})
				return err
			},
			fact: func(s *scene) string {
				if w := s.snap.ByID(givenUp(s.snap)); w != nil {
					return fmt.Sprintf("worker %d: %d of %d deaths in a row", w.ID, w.Next.Deaths, w.Next.Of)
				}
				return ""
			},
			done: func(s *scene) bool {
				return s.snap.Count().Stopped > 0 && s.calm()
			},
			limit: 20 * time.Second,
		},
		{
			Name:   "try again",
			Say:    "With the program set right, r on that row tries again. Ten seconds of listening and its deaths are forgotten.",
			Call:   "cluster.setupPrimary({ exec: process.execPath, args: [] }); cluster.fork()",
			Causes: []engine.Kind{engine.KindSetup, engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   broken, Traffic: visitors,
			act:  mend,
			done: func(s *scene) bool { return s.cameUp(1) && s.calm() },
		},
		{
			Name:   "cluster.disconnect()",
			Say:    "cluster.disconnect() tells all to finish and leave: the end in good order. They go, nobody takes their places, the primary stays.",
			Call:   "cluster.disconnect()",
			Causes: []engine.Kind{engine.KindLeave, engine.KindDisconnect, engine.KindExit},
			From:   From{Workers: workers},
			act: func(s *scene) error {
				_, err := s.do(engine.Command{Op: engine.OpDisconnectAll})
				return err
			},
			done: func(s *scene) bool { return living(s.snap) == 0 },
		},
		{
			Name:   "and again",
			Say:    "The port is still open, connections wait for a worker; one fork per core and all of them are answered. That was the tour: q leaves.",
			Call:   "cluster.fork()",
			Causes: []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   From{}, Traffic: visitors, fact: wayFact,
			act: func(s *scene) error {
				s.until(stepLimit, func(s *scene) bool { return s.snap.Queue > 0 })
				return s.fork(workers)
			},
			done: func(s *scene) bool { return s.cameUp(workers) && answeredSome(s) },
		},
	}}
}
