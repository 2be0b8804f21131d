package engine

import (
	"fmt"
	"os"
	"sync"
	"time"

	"muster/engine/internal/proc"
	"muster/ipc"
)

// newWorker is what the API shows of a worker that is being forked.
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

// started says that the process is there, or (p nil) that there will be none.
func (w *Worker) started(p *proc.Process, ch channel, stdin *os.File) {
	w.process.p = p
	if p != nil {
		w.ch.Store(&ch)
		if w.process.stdin != nil {
			w.process.stdin.f = stdin
		}
	} else {
		for _, r := range []*proc.Pipe{w.process.stdout, w.process.stderr} {
			if r != nil {
				r.Close()
			}
		}
	}
	close(w.process.started)
}

// pipeWriter is a worker's standard input.
type pipeWriter struct {
	p *Process
	f *os.File // nil if there is no process; read after started
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.p.wait()
	if w.f == nil {
		return 0, os.ErrClosed
	}
	return w.f.Write(b)
}

func (w *pipeWriter) Close() error {
	w.p.wait()
	if w.f == nil {
		return nil
	}
	return w.f.Close()
}

// startWorker starts the process of a worker and makes its channel, on the
// spawner's thread. ends are our ends of its three streams, nil where there is none.
func (l *supervisor) startWorker(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, ch channel, ends [3]*os.File, err error) {
	l.procs.Begin(spec.Worker)
	if p, ch, ends, err = l.sys.start(spec, stdio); err != nil {
		l.procs.Failed(spec.Worker)
		return nil, nil, ends, err
	}
	l.procs.Add(p)
	return p, ch, ends, nil
}

func (kernel) start(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, _ channel, ends [3]*os.File, err error) {
	var ch *ipc.Conn
	var files []*os.File // of the child: closed here in any case
	defer func() {
		for _, f := range files {
			f.Close()
		}
		if err != nil {
			if ch != nil {
				ch.Close()
			}
			for _, f := range ends {
				f.Close() // a nil *os.File may be closed
			}
			ends = [3]*os.File{}
		}
	}()
	own := [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	for i, of := range []**os.File{&spec.Stdin, &spec.Stdout, &spec.Stderr} {
		switch mode := stdio[i]; {
		case mode == StdioInherit:
			*of = own[i]
		case i == 0 && mode != StdioPipe: // none
		case mode == StdioIgnore:
			if *of, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
				return nil, nil, ends, fmt.Errorf("its %s: %w", streams[i], err)
			}
			files = append(files, *of)
		default:
			theirs, ours, perr := os.Pipe()
			if perr != nil {
				return nil, nil, ends, fmt.Errorf("pipe for its %s: %w", streams[i], perr)
			}
			if i > 0 {
				theirs, ours = ours, theirs
			}
			*of, ends[i] = theirs, ours
			files = append(files, theirs)
		}
	}
	ch, spec.Channel, err = ipc.Pair()
	if err != nil {
		return nil, nil, ends, fmt.Errorf("channel: %w", err)
	}
	files = append(files, spec.Channel)
	if p, err = proc.Start(spec); err != nil {
		return nil, nil, ends, err
	}
	return p, ch, ends, nil
}

// startReaders starts the goroutines that hear of a worker: its channel, its
// output and its end. They end soon after the process has.
func (l *supervisor) startReaders(m msgSpawned, ends [3]*os.File, stdio [3]Stdio) {
	w := m.w
	l.spawnTask(func() { l.readChannel(m) })
	var readers sync.WaitGroup
	read := func(f *os.File, run func()) {
		readers.Add(1)
		l.spawnTask(func() {
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
				r.run(f, l.now, func(lines []outLine) { l.post(msgOutput{w, streams[i], lines}) })
			})
		}
	}
	l.spawnTask(func() {
		exit, err := m.p.AwaitEnd()
		l.post(msgGone{w})
		l.tidier.ended(w, m.p)
		if err != nil {
			l.post(msgFailed{fmt.Sprintf("waiting for worker %d", w.id), err})
		}
		ends[0].Close() // a nil *os.File may be closed
		// Its last lines come before its exit. What it started may hold the
		// pipes for ever: what comes later is nobody's.
		for i, pipe := range []*proc.Pipe{1: process.stdout, 2: process.stderr} {
			if pipe != nil {
				pipe.End()
			}
			if ends[i] != nil {
				_ = ends[i].SetReadDeadline(time.Now().Add(outputWait))
			}
		}
		readers.Wait()
		l.post(msgExited{w, exitDetail(exit)})
	})
}

// exitDetail is how a worker has ended as its exit event has it.
func exitDetail(e proc.Exit) *ExitDetail {
	d := &ExitDetail{Code: e.Code}
	if e.Signal != 0 {
		name := signalName(e.Signal)
		d.Signal = &name
	}
	return d
}

// readChannel hands on what comes over a worker's channel, until it ends.
func (l *supervisor) readChannel(m msgSpawned) {
	for {
		var buf []ipc.Message
		select {
		case buf = <-m.w.reading:
		case <-l.done:
			return
		}
		msgs, err := m.ch.Read(buf)
		left := len(msgs)
		for part := range parts(msgs) {
			left -= len(part)
			if !l.post(msgRead{m.w, part, msgs, left == 0}) {
				closeFDs(msgs[len(msgs)-left-len(part):])
				return
			}
		}
		if err != nil {
			l.post(msgChanEnd{m.w, err})
			return
		}
	}
}

// outputWait bounds how long a worker's pipes are read after its end: something it
// started may hold them.
const outputWait = 100 * time.Millisecond
