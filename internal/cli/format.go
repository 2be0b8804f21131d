package cli

import (
	"bytes"
	"fmt"

	"muster/engine"
	"muster/internal/plaintext"
	"muster/internal/plural"
	"muster/internal/safetext"
	"muster/internal/say"
)

// format turns events into the lines of one form of output.
type format interface {
	// event appends what e says, whole lines or nothing.
	event(b *bytes.Buffer, e *engine.Event)
	// missed appends that n events were lost, or nothing if the form cannot say
	// that: then stderr says it.
	missed(b *bytes.Buffer, n uint64)
}

// lines is the form for people and grep: time, worker, kind, text, call.
type lines struct{}

func (lines) event(b *bytes.Buffer, e *engine.Event) {
	worker := "-"
	if e.Worker != 0 {
		worker = fmt.Sprint(e.Worker)
	}
	kind, text := say.Line(e)
	line := fmt.Sprintf("%s %3s  %-11s %s", e.Time.Format("2006-01-02 15:04:05.000"), worker, kind, text)
	if e.Call != "" {
		line = fmt.Sprintf("%-84s  %s", line, e.Call)
	}
	b.WriteString(safetext.Line(line))
	b.WriteByte('\n')
}

func (lines) missed(b *bytes.Buffer, n uint64) {
	fmt.Fprintf(b, "%s missed\n", plural.Of(n, "event"))
}

// jsonLines is the form for programs: an Event's JSON, one object a line. A
// reader sees lost events by the gap in seq; stderr says it too.
type jsonLines struct{}

func (jsonLines) event(b *bytes.Buffer, e *engine.Event) {
	plain := plaintext.Event(*e)
	j, err := plain.MarshalJSON()
	if err != nil {
		// Only a detail can fail. The event without it is better than nothing.
		bare := plain
		bare.Detail = nil
		if j, err = bare.MarshalJSON(); err != nil {
			return
		}
	}
	b.Write(safetext.JSON(j))
	b.WriteByte('\n')
}

func (jsonLines) missed(*bytes.Buffer, uint64) {}

// pageLines is the output of the classic example program and nothing else.
type pageLines struct {
	master  string       // the first line, which comes from no event
	started map[int]bool // workers whose server has started: a second address is not a second start
	ended   uint64       // Seq of the newest event that may have left no worker
}

func (p *pageLines) first() string { return p.master }

func (p *pageLines) event(b *bytes.Buffer, e *engine.Event) {
	switch e.Kind {
	case engine.KindListening:
		if !p.started[e.Worker] {
			p.started[e.Worker] = true
			fmt.Fprintf(b, "Worker with Process ID : %d started\n", e.PID)
		}
	case engine.KindExit:
		delete(p.started, e.Worker)
		p.ended = e.Seq
		fmt.Fprintf(b, "worker with Process ID : %d died\n", e.PID)
	case engine.KindError: // a fork that failed, perhaps the last one
		p.ended = e.Seq
	}
}

func (*pageLines) missed(*bytes.Buffer, uint64) {}

// complete tells that the last worker has gone: like the example program, the
// primary then ends. The snapshot must be newer than the event of that end.
func (p *pageLines) complete(s *engine.Snapshot) bool {
	if p.ended == 0 || s.Seq < p.ended {
		return false
	}
	for i := range s.Workers {
		w := &s.Workers[i]
		if w.State != engine.StateExited || w.Next != nil && !w.Next.Stopped {
			return false
		}
	}
	return true
}

func masterLine(pid int) string {
	return fmt.Sprintf("Master with Process ID : %d is running\n", pid)
}
