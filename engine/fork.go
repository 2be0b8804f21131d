package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// channelFD is the worker's end of the channel in the worker.
const channelFD = 3

// freeSlot is the lowest slot without a worker; it makes one if there is none.
func (sv *supervisor) freeSlot() *slot {
	for _, s := range sv.slots {
		if s.free() {
			return s
		}
	}
	s := &slot{index: len(sv.slots)}
	sv.slots = append(sv.slots, s)
	return s
}

// fork starts a worker in a slot. It returns at once: the process is there when
// msgSpawned comes. prev is the worker it replaces, or nil; env is added to its
// environment.
func (sv *supervisor) fork(sl *slot, by By, prev *worker, env []string) *worker {
	sv.nextID++
	now := sv.now()
	w := &worker{
		id: sv.nextID, slot: sl, by: by, start: startup{env: env, dir: sv.plan.settings.Cwd}, at: moments{forked: now, changed: now},
		life:    life{state: StateForked},
		servers: make(map[*server]bool),
		flow:    inflow{reading: newReading()},
	}
	stdio := sv.plan.settings.stdio()
	w.api = newWorker(sv.common, w, stdio)
	if prev != nil {
		w.before.id, w.before.why = prev.id, "restart"
		switch {
		case prev.end.exit != nil:
			w.before.why = exitWords(prev.end.exit)
			w.before.died = prev.at.ended
		case prev.life.chanEnded:
			w.before.why = "channel ended"
		}
	}
	sl.live = append(sl.live, w)
	sv.workers[w.id] = w
	sv.apiWorkers.set(w.api)
	sv.spawning++
	sv.pub.touch()
	prog := sv.plan.program
	argv, full := proc.WithInspectPort(prog.argv, sv.environ(w), w.id)
	if prog.builtin {
		argv = append([]string{argv[0] + workerName + strconv.Itoa(w.id)}, argv[1:]...)
	}
	w.start.env, w.start.inspected = full, inspects(argv, full)
	spec := proc.Spec{Worker: w.id, Path: prog.path, Argv: argv, Dir: w.start.dir, Env: full}
	w.start.silent = sv.timers.at(now.Add(listenWithin), func(time.Time) { sv.neverListened(w) })
	sv.spawner.Do(func() {
		m := msgSpawned{w: w, errs: &lineReader{keep: true}, err: prog.err}
		var ends [3]*os.File
		if m.err == nil {
			m.p, m.ch, ends, m.err = sv.startWorker(spec, stdio)
		}
		// The loop always takes this message: it does not end while a fork is
		// under way. Post it before started: a goroutine that waits for started
		// may ask the loop something at once.
		sv.post(m)
		if m.p != nil && sv.abandoned.Load() {
			sv.family.end(m.p)
			_ = m.ch.Close() // no other code closes it
		}
		w.api.started(m.p, m.ch, ends[0])
		if m.err == nil {
			sv.startReaders(m, ends, stdio)
		}
	})
	return w
}

// listenWithin is how long a worker may take to listen before its row says that
// it has not.
const listenWithin = 10 * time.Second

// neverListened notes that a worker has no server after a while. The worker is
// not ended for that: a program may need none.
func (sv *supervisor) neverListened(w *worker) {
	if len(w.servers) > 0 || w.seen.ready || w.life.leaving || w.life.chanEnded || w.proc == nil {
		return
	}
	w.note = "never listened"
	sv.failed(w, "", fmt.Errorf("worker %d has not listened for %v: it gets no connections. "+
		"A launcher (npm, npx, tsx) keeps the channel from the program below it, `exclusive` and `reusePort` go past the cluster; "+
		"start the script itself: node SCRIPT", w.id, listenWithin))
}

// environ is the environment of a worker.
func (sv *supervisor) environ(w *worker) []string {
	var set []string
	if dir := w.start.dir; dir != "" { // as a shell does; getcwd(3) resolves its links
		if !filepath.IsAbs(dir) {
			own, _ := os.Getwd() // "" if our own is gone: no worker starts in dir then
			dir = filepath.Join(own, dir)
		}
		set = append(set, "PWD="+dir)
	}
	set = append(append(set, sv.plan.settings.Env...), w.start.env...)
	set = append(set,
		envUniqueID+"="+strconv.Itoa(w.id),
		envChannelFD+"="+strconv.Itoa(channelFD),
		envSerial+"=json",
		envPrimary+"="+strconv.Itoa(sv.pid),
		envMark+"="+sv.family.mark(w.id),
		envSlot+"="+strconv.Itoa(w.slot.index),
	)
	if sv.plan.program.builtin {
		set = append(set, envMaxProcs+"="+strconv.Itoa(sv.o.WorkerProcs))
		if sv.o.Addr != "" {
			set = append(set, envAddr+"="+sv.ledger.addresses()[0].addr.spec())
		}
	}
	return mergeEnv(os.Environ(), set)
}

func closeFDs(msgs []ipc.Message) {
	for _, m := range msgs {
		if m.FD >= 0 {
			_ = syscall.Close(m.FD)
		}
	}
}

// exitWords is "SIGKILL" or "exit code 1".
func exitWords(d *ExitDetail) string {
	if d.Signal == nil {
		return "exit " + d.String()
	}
	return d.String()
}
