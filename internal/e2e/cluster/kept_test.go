//go:build linux

package cluster

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/load"
)

// Clients that ask now and then on a connection they keep lost requests in a
// restart: the worker that left closed it after a second. The next request is
// answered, and told that it was the last.
func TestKeptConnectionsOutliveARestart(t *testing.T) {
	t.Parallel()
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: policy, Grace: 5 * time.Second})
			old := p.AwaitKind(2, engine.KindListening)
			var cs []*client
			for range 6 {
				c := mustDial(t, p.Addr())
				if _, err := c.ask("/"); err != nil {
					t.Fatal(err)
				}
				cs = append(cs, c)
			}
			for _, e := range old {
				p.do("restart %d", e.Worker)
			}
			p.AwaitKind(2, engine.KindLeave)
			<-time.After(2 * time.Second) // a client that thinks
			for i, c := range cs {
				if err := c.send("/"); err != nil {
					t.Fatal(err)
				}
				res, err := http.ReadResponse(c.r, nil)
				if err != nil {
					t.Fatalf("connection %d: %v", i, err)
				}
				if b, err := io.ReadAll(res.Body); err != nil || string(b) != page || !res.Close {
					t.Errorf("connection %d: %q, %v; the last: %v", i, b, err, res.Close)
				}
			}
			p.AwaitKind(2, engine.KindExit) // none of them waits for the limit
			for _, e := range kit.OfKind(p.SoFar(), engine.KindKill) {
				t.Errorf("%+v", e)
			}
		})
	}
}

// keptEnv has the proof below run, which takes minutes: think times, as in
// "200ms 1025ms".
const keptEnv = "MUSTER_KEPT"

// The figures of docs/workers.md: 400 clients that think, on kept connections,
// and 16 restarts. Half of them look whether the connection has ended before
// they ask, and half are net/http's, which must not ask twice.
func TestKeptConnectionsLoseNothing(t *testing.T) {
	if os.Getenv(keptEnv) == "" {
		t.Skipf("%s is not set", keptEnv)
	}
	const restarts, clients = 16, 400
	for _, word := range strings.Fields(os.Getenv(keptEnv)) {
		think, err := time.ParseDuration(word)
		if err != nil {
			t.Fatal(err)
		}
		for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
			p := startPrimary(t, nil, primaryConfig{Workers: 2, Policy: policy, Grace: 5 * time.Second})
			p.AwaitKind(2, engine.KindListening)
			r := startLoad(t, load.Options{Addr: p.Addr(), Concurrency: clients / 2, KeepAlive: true, Think: think})
			posts := startPosts(p.Addr(), clients/2, think)
			for done := 0; done < restarts; done += 2 {
				<-time.After(think + 77*time.Millisecond) // each connection has been used
				for _, e := range kit.Listening(p.SoFar()) {
					p.do("restart %d", e.Worker)
				}
				p.AwaitKind(done+2, engine.KindExit)
			}
			r.Stop()
			res, err := r.Wait()
			if err != nil {
				t.Error(err)
			}
			sent, lost := posts.end()
			var leaves time.Duration
			left := map[int]time.Time{}
			cut := 0
			for _, e := range p.SoFar() {
				switch d := e.Detail.(type) {
				case engine.LeaveDetail:
					left[e.Worker] = e.Time
				case engine.ExitDetail:
					leaves = max(leaves, e.Time.Sub(left[e.Worker]))
					if d.Cut != nil {
						cut += *d.Cut
					}
				}
			}
			t.Logf("measured: | %v | %v | %d of %d | %d of %d | %.1f s |", think, policy, res.Failed(), res.Sent, lost, sent, leaves.Seconds())
			if res.Failed() > 0 || lost > 0 || cut > 0 {
				t.Errorf("%v, %v: %v; %d of %d posts lost; %d told as cut", policy, think, res, lost, sent, cut)
			}
		}
	}
}

// posts are clients of net/http whose requests it cannot repeat.
type posts struct {
	stop       chan struct{}
	wg         sync.WaitGroup
	sent, lost atomic.Int64
}

func startPosts(addr string, n int, think time.Duration) *posts {
	p := &posts{stop: make(chan struct{})}
	for i := range n {
		p.wg.Go(func() {
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			c := &http.Client{Transport: tr, Timeout: kit.Patience}
			wait := think * time.Duration(i) / time.Duration(n) // not all at once
			for {
				select {
				case <-p.stop:
					return
				case <-time.After(wait):
				}
				wait = think
				p.sent.Add(1)
				if err := post(c, addr); err != nil {
					p.lost.Add(1)
				}
			}
		})
	}
	return p
}

func post(c *http.Client, addr string) error {
	// Of a type that net/http does not know, so that it has no second copy.
	res, err := c.Post("http://"+addr+"/", "text/plain", io.MultiReader(strings.NewReader("x")))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != page {
		return fmt.Errorf("%q, %w", b, err)
	}
	return nil
}

func (p *posts) end() (sent, lost int64) {
	close(p.stop)
	p.wg.Wait()
	return p.sent.Load(), p.lost.Load()
}
