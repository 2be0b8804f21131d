//go:build linux

package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/engine"
)

// primaryEnv makes this binary a primary; its value is a primaryConfig.
const primaryEnv = "MUSTER_CHECKS_PRIMARY"

// replyMark begins a line of stdout that answers a command; every other line
// is an event.
const replyMark = "reply "

// primaryConfig is the part of engine.Options the checks need.
type primaryConfig struct {
	Workers int
	Policy  engine.Policy
	Grace   time.Duration
	Stall   time.Duration
	Env     []string // of the workers
	Files   uint64   // RLIMIT_NOFILE; 0 = as it is
}

// reply answers one command line.
type reply struct {
	Err      string           `json:"err,omitempty"`
	Worker   int              `json:"worker,omitempty"`
	Snapshot *engine.Snapshot `json:"snapshot,omitempty"`
}

// runPrimary runs a cluster that is told what to do by lines of in:
//
//	policy shared | disconnect 3 | fork | restart 2 | kill 3 15 | watch on | watch off | snapshot
//
// It prints every event, and a reply for each line, in the order they happen.
// It stops at the end of in: a test that dies leaves nothing.
func runPrimary(config string, in io.Reader, out io.Writer) int {
	var cfg primaryConfig
	if err := json.Unmarshal([]byte(config), &cfg); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", primaryEnv, err)
		return 2
	}
	// Its workers are this binary too, and no primaries.
	_ = os.Unsetenv(primaryEnv)
	if cfg.Files > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: cfg.Files, Max: cfg.Files}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	c, err := engine.New(engine.Options{
		Addr: "127.0.0.1:0", Workers: cfg.Workers, Policy: cfg.Policy, Grace: cfg.Grace, Stall: cfg.Stall,
		Settings: engine.Settings{Env: cfg.Env},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	signals, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer forget()
	// Apart from forget, after which a SIGTERM would end this process at once.
	ctx, stop := context.WithCancel(signals)
	defer stop()
	p := &commanded{c: c, out: json.NewEncoder(out), raw: out}
	go func() { // ends with the input, at the latest with the process
		p.obey(ctx, in)
		stop()
	}()
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		p.print()
	}()
	err = c.Run(ctx)
	<-printed
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// commanded is a cluster and its two streams.
type commanded struct {
	c *engine.Cluster

	mu  sync.Mutex // one line at a time
	out *json.Encoder
	raw io.Writer
}

func (p *commanded) obey(ctx context.Context, in io.Reader) {
	for s := bufio.NewScanner(in); s.Scan(); {
		r, err := p.do(ctx, strings.Fields(s.Text()))
		if err != nil {
			r.Err = err.Error()
		}
		p.mu.Lock()
		_, _ = io.WriteString(p.raw, replyMark)
		_ = p.out.Encode(r) // a reader that is gone has ended the input as well
		p.mu.Unlock()
	}
}

func (p *commanded) do(ctx context.Context, words []string) (reply, error) {
	if len(words) == 0 {
		return reply{}, fmt.Errorf("an empty line")
	}
	if words[0] == "snapshot" {
		return reply{Snapshot: p.c.Snapshot()}, nil
	}
	cmd := engine.Command{Op: engine.Op(words[0])}
	if cmd.Op == engine.OpPolicy && len(words) == 2 {
		if err := cmd.Policy.UnmarshalText([]byte(words[1])); err != nil {
			return reply{}, err
		}
	} else if cmd.Op == engine.OpWatch && len(words) == 2 {
		if cmd.Viewer = "checks"; words[1] == "on" {
			cmd.For = time.Minute
		}
	} else {
		for i, n := range []*int{&cmd.Worker, (*int)(&cmd.Signal)} {
			if len(words) <= i+1 {
				break
			}
			v, err := strconv.Atoi(words[i+1])
			if err != nil {
				return reply{}, err
			}
			*n = v
		}
	}
	r, err := p.c.Do(ctx, cmd)
	return reply{Worker: r.Worker}, err
}

// print prints the events until the cluster has stopped and all are printed.
func (p *commanded) print() {
	changed, cancel := p.c.Subscribe()
	defer cancel()
	var seq uint64
	for over := false; !over; {
		select {
		case <-changed:
		case <-p.c.Done():
			over = true
		}
		events, _ := p.c.Events(seq) // a gap shows in the numbers
		p.mu.Lock()
		for _, e := range events {
			_ = p.out.Encode(e)
			seq = e.Seq
		}
		p.mu.Unlock()
	}
}
