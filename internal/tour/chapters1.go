package tour

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/engine"
)

// Requests of the tour: few enough that a small machine stays mostly idle.
var (
	visitors = Traffic{Path: "/", Clients: 8, Think: 40 * time.Millisecond}
	burning  = Traffic{Path: "/burn?ms=20", Clients: 4}
	browser  = Traffic{Path: "/", Clients: 1, Think: 10 * time.Millisecond, KeepAlive: true}
	browsers = Traffic{Path: "/", Clients: 8, Think: 40 * time.Millisecond, KeepAlive: true}
	patient  = Traffic{Path: "/slow?ms=700", Clients: 6}
)

// seenEnough is how many answers are enough to show something.
const seenEnough = 40

func answeredSome(s *scene) bool { return s.answered() >= seenEnough && s.calm() }

func oneCore(int) Chapter {
	from := From{Workers: 1}
	return Chapter{Title: "one worker and one busy core", Steps: []Step{
		{
			Name: "one worker",
			Say:  "A primary (the page's Master) owns the port, one worker answers: so far no more than a server without a cluster.",
			Call: "http.createServer((req, res) => res.end('An example of clusters\\n')).listen(3000)",
			From: from, Traffic: visitors, fact: cpuFact,
			done: answeredSome,
		},
		{
			Name: "a busy core",
			Say:  "Now every answer costs 20 ms of computing: look at CPU%, the worker fills one core, and the clients wait for each other.",
			Call: "GET /burn?ms=20",
			From: from, Traffic: burning, fact: cpuFact,
			// On a machine that does other things too the worker gets less than
			// a core, and on a very busy one less than a fifth: then the number
			// of answers shows it.
			done: func(s *scene) bool {
				return s.answered() >= 5 && cpuOf(s) >= 20 || s.answered() >= 100 && cpuOf(s) > 0
			},
			limit: 20 * time.Second,
		},
		{
			Name: "held to one core",
			Say:  "A worker is held to one core (GOMAXPROCS=1), as Node runs JavaScript on one thread. One Go process could use all of them: --worker-procs.",
			Call: "muster --worker-procs 2",
			From: from, Traffic: burning, fact: cpuFact,
			done: func(s *scene) bool { return s.answered() >= 5 && cpuOf(s) > 0 },
		},
	}}
}

// cpuOf is the percent of one core the step's worker uses, 0 if not known.
func cpuOf(s *scene) float64 {
	if w := s.row(); w != nil && w.CPU != nil {
		return *w.CPU
	}
	return 0
}

func cpuFact(s *scene) string {
	if cpuOf(s) == 0 {
		return ""
	}
	return fmt.Sprintf("worker %d: %.0f %% of one core, of %d", s.worker, cpuOf(s), s.snap.CPUs)
}

func forkPerCore(workers int) Chapter {
	return Chapter{Title: "a fork per core", Steps: []Step{
		{
			Name:   "fork",
			Say:    "cluster.fork() starts the program once more: 'fork' when its process is there, 'online' when it runs, 'listening' when it takes connections.",
			Call:   "cluster.fork()",
			Causes: []engine.Kind{engine.KindFork, engine.KindOnline, engine.KindListening},
			From:   From{Workers: 1},
			act:    func(s *scene) error { return s.fork(1) },
			done:   func(s *scene) bool { return s.cameUp(1) },
		},
		{
			Name: "one per core",
			Say:  "The page forks one worker per core: one process each, one port for all, and nobody had to choose another port.",
			Call: "for (let i = 2; i < os.cpus().length; i++) cluster.fork()",
			From: From{Workers: min(2, workers)}, Traffic: visitors, fact: workersFact,
			act:  func(s *scene) error { return s.fork(max(workers-living(s.snap), 0)) },
			done: func(s *scene) bool { return listening(s.snap) >= workers && answeredSome(s) },
		},
		{
			Name: "two roles",
			Say:  "One program, two roles: cluster.isPrimary (isMaster is its old name) holds in the process that forks, cluster.isWorker in the forked ones.",
			Call: "if (cluster.isMaster) cluster.fork(); else if (cluster.isWorker) server.listen(3000)",
			From: From{Workers: workers}, Traffic: visitors,
			act: func(s *scene) error { return s.get("/whoami") },
			fact: func(s *scene) string {
				if s.answer == "" {
					return ""
				}
				return "GET /whoami -> " + s.answer
			},
			done: func(s *scene) bool { return strings.Contains(s.answer, `"id"`) },
		},
		{
			Name: "who is who",
			Say:  "In the primary cluster.workers holds the active ones by worker.id, never used twice; in a worker cluster.worker is itself. worker.process has the pid.",
			Call: "Object.values(cluster.workers).map(worker => [worker.id, worker.process.pid])",
			From: From{Workers: workers}, Traffic: visitors, fact: workersFact,
			done: func(s *scene) bool { return listening(s.snap) >= workers },
		},
	}}
}

// cameUp tells whether n workers were forked by the step and listen.
func (s *scene) cameUp(n int) bool {
	up := 0
	for i := range s.events {
		if e := &s.events[i]; e.Kind == engine.KindFork && s.saw(engine.KindOnline, e.Worker) && s.saw(engine.KindListening, e.Worker) {
			up++
		}
	}
	return up >= n
}

func workersFact(s *scene) string {
	var out []string
	for i := range s.snap.Workers {
		if w := &s.snap.Workers[i]; w.State != engine.StateExited {
			out = append(out, fmt.Sprintf("%d: pid %d", w.ID, w.PID))
		}
	}
	return "cluster.workers {" + strings.Join(out, ", ") + "}"
}

func connections(workers int) Chapter {
	rr := From{Workers: workers}
	return Chapter{Title: "how a connection travels", Steps: []Step{
		{
			Name: "round robin",
			Say:  "Round robin: the primary accepts each connection, queues it and hands it to the next free worker, with care not to overload one.",
			Call: "cluster.schedulingPolicy === cluster.SCHED_RR",
			From: rr, Traffic: visitors, fact: wayFact,
			done: answeredSome,
		},
		{
			Name:   "shared, live",
			Say:    "Sockets: every interested worker has the listening socket and accepts for itself; 'accepted' stands still. The switch is live, none fails.",
			Call:   "cluster.schedulingPolicy = cluster.SCHED_NONE",
			Causes: []engine.Kind{engine.KindPolicy},
			From:   rr, Traffic: visitors, fact: wayFact,
			bar: fixedPolicy, act: toPolicy(engine.SchedNone), done: switched,
		},
		{
			Name:   "back to round robin",
			Say:    "And back, under the same requests: still 0 failed. Node fixes the policy at the first fork; here p switches it at any time.",
			Call:   "cluster.schedulingPolicy = cluster.SCHED_RR",
			Causes: []engine.Kind{engine.KindPolicy},
			From:   From{Workers: workers, Policy: engine.SchedNone}, Traffic: visitors, fact: wayFact,
			bar: fixedPolicy, act: toPolicy(engine.SchedRR), done: switched,
		},
	}}
}

// toPolicy changes the policy, but only once requests run: the switch is to be
// under load.
func toPolicy(to engine.Policy) func(*scene) error {
	return func(s *scene) error {
		s.until(stepLimit, answeredSome)
		_, err := s.do(engine.Command{Op: engine.OpPolicy, Policy: to})
		return err
	}
}

// fixedPolicy is why the policy cannot be changed here, "" = it can.
func fixedPolicy(snap *engine.Snapshot) string { return snap.PolicyFixed }

// switched tells that requests went on after the switch.
func switched(s *scene) bool { return s.answered() >= 2*seenEnough && s.calm() }

func wayFact(s *scene) string {
	return fmt.Sprintf("%s: accepted %d, queue %d, taken %d", s.snap.Policy, s.snap.Accepted, s.snap.Queue, s.snap.Taken)
}

func spread(workers int) Chapter {
	from := From{Workers: workers}
	fact := func(s *scene) string { return s.traffic.spreadWords() }
	return Chapter{Title: "the load is dealt, and the spread", Steps: []Step{
		{
			Name: "a connection each",
			Say:  "A connection for each request: each is dealt to the next worker, and the answers are spread evenly (DEALT, and the bars below it).",
			Call: "curl http://127.0.0.1:3000/    # again and again",
			From: from, Traffic: visitors, fact: fact,
			done: func(s *scene) bool { return answeredSome(s) && evenly(s, workers) },
		},
		{
			Name: "keep-alive sticks",
			Say:  "A browser keeps its connection: all its requests go to one worker. Connections are dealt, not requests: so round robin 'does not work' in a browser.",
			Call: "new http.Agent({ keepAlive: true })",
			From: from, Traffic: browser, fact: fact,
			done: func(s *scene) bool { _, by := s.traffic.answers(); return answeredSome(s) && len(by) == 1 },
		},
		{
			Name: "many browsers",
			Say:  "Eight browsers are eight connections, dealt evenly again; what each of them then asks for stays with its worker.",
			Call: "new http.Agent({ keepAlive: true, maxSockets: 8 })",
			From: from, Traffic: browsers, fact: fact,
			done: func(s *scene) bool {
				_, by := s.traffic.answers()
				return answeredSome(s) && len(by) == min(workers, browsers.Clients)
			},
		},
	}}
}

// evenly tells whether so many workers gave answers, none of them more than
// twice as many as another.
func evenly(s *scene, workers int) bool {
	_, by := s.traffic.answers()
	var n []uint64
	for _, v := range by {
		n = append(n, v)
	}
	return len(n) >= workers && slices.Max(n) <= 2*slices.Min(n)
}
