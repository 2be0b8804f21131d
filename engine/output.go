package engine

import (
	"bytes"
	"io"
	"sync"
	"time"
)

const (
	tailLines    = 64  // lines of stderr kept for the reason of a death
	linesPerSec  = 200 // lines of one stream that become events, a second
	linesAtOnce  = 400 // and in a burst
	outputBuffer = 32 << 10
)

// outLine is one line of a worker's output.
type outLine struct {
	text   string
	missed uint64 // lines left out before this one
}

// lineReader reads a worker's stdout or stderr for as long as it lives. It
// always reads on, so that the worker never waits; surplus lines, more than a
// person or a log can follow, are counted and left out.
type lineReader struct {
	line    []byte
	cut     bool // the rest of the present line is dropped
	missed  uint64
	tokens  float64
	refill  time.Time
	keep    bool // keep the tail
	mu      sync.Mutex
	tail    []string // last lines, oldest first, including lines left out
	dropped int      // lines before the tail
	opened  int      // the port of node's last line about an open inspector; 0 = there was none
}

// run reads until the end and hands on lines in batches. The caller owns the
// batch.
func (r *lineReader) run(src io.Reader, now func() time.Time, deliver func([]outLine)) {
	buf := make([]byte, outputBuffer)
	r.tokens, r.refill = linesAtOnce, now()
	for {
		n, err := src.Read(buf)
		lines := r.split(buf[:n], now())
		if err != nil && (len(r.line) > 0 || r.cut) {
			lines = r.end(lines)
		}
		if len(lines) > 0 {
			deliver(lines)
		}
		if err != nil {
			return
		}
	}
}

// split takes in read bytes and returns the complete lines.
func (r *lineReader) split(b []byte, now time.Time) []outLine {
	r.tokens = min(r.tokens+now.Sub(r.refill).Seconds()*linesPerSec, linesAtOnce)
	r.refill = now
	var lines []outLine
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		part := b
		if i >= 0 {
			part = b[:i]
		}
		if !r.cut {
			room := lineMax - len(r.line)
			r.line = append(r.line, part[:min(len(part), room)]...)
			r.cut = len(part) > room
		}
		if i < 0 {
			break
		}
		lines = r.end(lines)
		b = b[i+1:]
	}
	return lines
}

// end ends the present line.
func (r *lineReader) end(lines []outLine) []outLine {
	show := r.tokens >= 1
	if show || r.keep {
		text := lineText(r.line, r.cut)
		if r.keep {
			r.remember(text)
		}
		if show {
			r.tokens--
			lines = append(lines, outLine{text, r.missed})
			r.missed = 0
		}
	}
	if !show {
		r.missed++
	}
	r.line, r.cut = r.line[:0], false
	return lines
}

func (r *lineReader) remember(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.tail) == tailLines {
		copy(r.tail, r.tail[1:])
		r.tail = r.tail[:tailLines-1]
		r.dropped++
	}
	r.tail = append(r.tail, text)
	if port, ok := inspectorPort(text); ok {
		r.opened = port
	}
}

// inspector is the port of node's last line about an open inspector, 0 if there
// was none. Lines left out of the events count too.
func (r *lineReader) inspector() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.opened
}

// last returns the kept lines and how many there were before them.
func (r *lineReader) last() ([]string, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.tail...), r.dropped
}
