package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"muster/engine"
)

// comeUp is how long a cluster may take until all its workers listen.
const comeUp = 30 * time.Second

// arrival is an event as it was seen from outside.
type arrival struct {
	engine.Event
	at time.Time // when its line was read
}

// primary is a muster without a screen. Its events are read all the time:
// output that nobody reads would be a failure of muster.
type primary struct {
	*child
	addr string // where it answers

	mu      sync.Mutex
	events  []arrival
	readErr error
	changed chan struct{} // capacity 1
}

// startPrimary starts muster with n built-in workers and returns when all of
// them listen. The address is a free port of 127.0.0.1, unless args say
// another.
func (s *suite) startPrimary(ctx context.Context, workers int, args ...string) (*primary, error) {
	args = append([]string{"--headless", "--json", "--addr", "127.0.0.1:0", "--workers", strconv.Itoa(workers)}, args...)
	return s.startMuster(ctx, workers, args)
}

// startMuster starts muster with args, which must contain --json, and returns
// when n workers listen.
func (s *suite) startMuster(ctx context.Context, workers int, args []string) (*primary, error) {
	p := &primary{child: newChild(s.binary, args...), changed: make(chan struct{}, 1)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting muster: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting muster: %w", err)
	}
	p.wait(func() { p.read(out) })

	ctx, cancel := context.WithTimeout(ctx, comeUp)
	defer cancel()
	for at := 0; workers > 0; workers-- {
		var e arrival
		if e, at, err = p.await(ctx, at, isKind(engine.KindListening)); err != nil {
			return nil, p.giveUp(fmt.Errorf("waiting for the workers of muster: %w", err))
		}
		if d, ok := e.Detail.(engine.ListeningDetail); ok {
			p.addr = net.JoinHostPort(d.Address, strconv.Itoa(d.Port))
		}
	}
	return p, nil
}

func (p *primary) read(out io.Reader) {
	var err error
	lines := bufio.NewReader(out)
	for err == nil {
		var line []byte
		if line, err = lines.ReadBytes('\n'); err != nil {
			break // the end, even within a line
		}
		now := time.Now()
		var e engine.Event
		if bad := json.Unmarshal(line, &e); bad != nil {
			err = fmt.Errorf("reading an event of muster: %w", bad)
			break
		}
		p.mu.Lock()
		p.events = append(p.events, arrival{e, now})
		p.mu.Unlock()
		p.wake()
	}
	if err != io.EOF {
		p.mu.Lock()
		p.readErr = err
		p.mu.Unlock()
		p.wake()
		_, _ = io.Copy(io.Discard, out) // until it ends
	}
}

func (p *primary) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// await returns the first wanted event at index at or later, and the index
// after it. Only one goroutine may wait.
func (p *primary) await(ctx context.Context, at int, wanted func(*arrival) bool) (arrival, int, error) {
	for ended := false; ; {
		p.mu.Lock()
		fresh, err := p.events[at:], p.readErr
		p.mu.Unlock()
		for i := range fresh {
			if wanted(&fresh[i]) {
				return fresh[i], at + i + 1, nil
			}
		}
		at += len(fresh)
		switch {
		case err != nil:
			return arrival{}, at, err
		case ended:
			return arrival{}, at, p.failed()
		}
		select {
		case <-p.changed:
		case <-p.done: // its last output is in events now
			ended = true
		case <-ctx.Done():
			return arrival{}, at, ctx.Err()
		}
	}
}

func isKind(k engine.Kind) func(*arrival) bool {
	return func(e *arrival) bool { return e.Kind == k }
}

// seen is every event so far.
func (p *primary) seen() []arrival {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.events[:len(p.events):len(p.events)]
}

// giveUp stops a muster that did not come up and returns why it did not.
func (p *primary) giveUp(why error) error {
	select {
	case <-p.done: // muster ended by itself: why says how
	default:
		if err := p.stop(); err != nil {
			return fmt.Errorf("%w; then %w", why, err)
		}
	}
	return why
}
