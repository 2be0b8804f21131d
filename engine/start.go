package engine

import (
	"fmt"
	"os"
	"sync"
	"time"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// newWorker makes the API's Worker for a worker that is being forked.
func newWorker(c *common, w *worker, stdio [3]Stdio) *Worker {
	v := &Worker{box: c.mailbox, dispatcher: c.dispatcher, id: w.id, slot: w.slot.index, done: make(chan struct{})}
	w.api = v
	p := &v.process
	p.started = make(chan struct{})
	if stdio[0] == StdioPipe {
		p.stdin = &pipeWriter{p: p}
	}
	if stdio[1] == StdioPipe {
		p.stdout = proc.NewPipe()
	}
	if stdio[2] == StdioPipe {
		p.stderr = proc.NewPipe()
	}
	w.show()
	return v
}

// startWorker starts the process of a worker and makes its channel, on the
// spawner's thread. ends are the primary's ends of its three streams, nil if
// there is none.
func (sv *supervisor) startWorker(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, ch channel, ends [3]*os.File, err error) {
	sv.procs.Begin(spec.Worker)
	if p, ch, ends, err = sv.sys.start(spec, stdio); err != nil {
		sv.procs.Failed(spec.Worker)
		return nil, nil, ends, err
	}
	sv.procs.Add(p)
	return p, ch, ends, nil
}

// startReaders starts the goroutines that follow a worker: its channel, its
// output and its end. They end soon after the process has.
func (sv *supervisor) startReaders(m msgSpawned, ends [3]*os.File, stdio [3]Stdio) {
	w := m.w
	sv.spawnTask(func() { sv.readChannel(m) })
	var readers sync.WaitGroup
	read := func(f *os.File, run func()) {
		readers.Add(1)
		sv.spawnTask(func() {
			defer readers.Done()
			defer f.Close()
			run()
		})
	}
	process := &w.api.process
	for i, pipe := range []*proc.Pipe{1: process.stdout, 2: process.stderr} {
		f := ends[i]
		switch {
		case i == 0 || f == nil:
		case pipe != nil:
			read(f, func() { pipe.Run(f) })
		default:
			r := m.errs
			if i == 1 {
				r = &lineReader{}
			}
			read(f, func() {
				r.run(f, sv.now, func(lines []outLine) { sv.post(msgOutput{w, streams[i], lines}) })
			})
		}
	}
	sv.spawnTask(func() {
		exit, err := m.p.AwaitEnd()
		sv.post(msgGone{w})
		sv.tidier.ended(w, m.p)
		if err != nil {
			sv.post(msgFailed{fmt.Sprintf("waiting for worker %d", w.id), err})
		}
		ends[0].Close() // a nil *os.File may be closed
		// The worker's last lines come before its exit. Processes it started
		// may hold the pipes for ever: later output is dropped.
		for i, pipe := range []*proc.Pipe{1: process.stdout, 2: process.stderr} {
			if pipe != nil {
				pipe.End()
			}
			if ends[i] != nil {
				_ = ends[i].SetReadDeadline(time.Now().Add(outputWait))
			}
		}
		readers.Wait()
		sv.post(msgExited{w, exitDetail(exit)})
	})
}

// exitDetail is how a worker has ended, for its exit event.
func exitDetail(e proc.Exit) *ExitDetail {
	d := &ExitDetail{Code: e.Code}
	if e.Signal != 0 {
		name := signalName(e.Signal)
		d.Signal = &name
	}
	return d
}

// readChannel passes on the messages of a worker's channel, until the channel
// ends.
func (sv *supervisor) readChannel(m msgSpawned) {
	for {
		var buf []ipc.Message
		select {
		case buf = <-m.w.flow.reading:
		case <-sv.done:
			return
		}
		msgs, err := m.ch.Read(buf)
		left := len(msgs)
		for part := range parts(msgs) {
			left -= len(part)
			if !sv.post(sv.reused.read(m.w, part, msgs, left == 0)) {
				closeFDs(msgs[len(msgs)-left-len(part):])
				return
			}
		}
		if err != nil {
			sv.post(msgChanEnd{m.w, err})
			return
		}
	}
}

// outputWait bounds how long a worker's pipes are read after its end: a process
// it started may hold them.
const outputWait = 100 * time.Millisecond
