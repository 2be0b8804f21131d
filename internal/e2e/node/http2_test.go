//go:build linux

package node

import (
	"crypto/tls"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// sessionLoad is what clients see that have several streams in each session.
type sessionLoad struct {
	answered, failed atomic.Int64
	stop             func() // returns when every client has its last answer
}

// loadSessions asks a server by HTTP/2 until the test is over or stop is called.
// The clients are net/http's: they send again what the server says it did not
// take (GOAWAY).
func loadSessions(t *testing.T, url string, cfg *tls.Config) *sessionLoad {
	const sessions, streams = 4, 4
	var l sessionLoad
	var over atomic.Bool
	var clients sync.WaitGroup
	for range sessions {
		var p http.Protocols
		p.SetHTTP2(true)
		p.SetUnencryptedHTTP2(true)
		tr := &http.Transport{Protocols: &p, TLSClientConfig: cfg.Clone()} // which net/http changes
		client := &http.Client{Timeout: kit.Patience, Transport: tr}
		t.Cleanup(tr.CloseIdleConnections)
		for range streams {
			clients.Go(func() {
				for !over.Load() {
					if _, err := askBy(client, url); err != nil {
						l.failed.Add(1)
					} else {
						l.answered.Add(1)
					}
				}
			})
		}
	}
	l.stop = func() { over.Store(true); clients.Wait() }
	t.Cleanup(l.stop)
	return &l
}

// measureEnv has the tests below measure what they do not check.
const measureEnv = "MUSTER_MEASURE"

// A restart of both workers costs sessions of HTTP/2 nothing, if the program
// ends them when its server is closed. What it costs without that differs from
// version to version; docs/workers.md has the figures, and make node-http2
// measures them again.
func TestNodeHTTP2Restart(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"createServer": false, "createSecureServer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if os.Getenv(measureEnv) != "" {
				restartUnderSessions(t, name+" alone", secure, false, 5)
			}
			lost, killed := restartUnderSessions(t, name+" that ends sessions", secure, true, 2)
			if lost > 0 || killed > 0 {
				t.Errorf("%d requests lost, %d workers killed because sessions held them", lost, killed)
			}
		})
	}
}

// restartUnderSessions restarts both workers some times, and counts the requests
// that fail and the workers that have to be killed.
func restartUnderSessions(t *testing.T, name string, secure, ends bool, rounds int) (lost int64, killed int) {
	var with []func(*scene)
	scheme, cfg := "http://", &tls.Config{}
	if secure {
		file, trusted := certificate(t)
		scheme, cfg.RootCAs = "https://", trusted
		with = append(with, env("CERTIFICATE="+file))
	}
	if ends {
		// Long enough for a machine that has other things to do.
		with = append(with, env("ENDS_SESSIONS=1"), grace(kit.Patience/2))
	}
	c := start(t, "http2.js", with...)
	c.AwaitKind(2, engine.KindListening)
	l := loadSessions(t, scheme+c.Addr(), cfg)

	var longest time.Duration
	for round := range rounds {
		before := l.answered.Load()
		testkit.Eventually(t, kit.Patience, func() bool { return l.answered.Load() >= before+32 }, "answers")
		old := []int{2*round + 1, 2*round + 2}
		for _, id := range old {
			c.do(engine.Command{Op: engine.OpRestart, Worker: id})
		}
		for _, id := range old {
			exited := c.AwaitOf(id, engine.KindExit)
			longest = max(longest, exited.Time.Sub(c.AwaitOf(id, engine.KindLeave).Time))
		}
	}
	l.stop()
	lost, killed = l.failed.Load(), len(kit.OfKind(c.SoFar(), engine.KindKill))
	t.Logf("measured: %s: %d restarts of both workers lost %d of %d requests; the slowest left in %v, %d were killed",
		name, rounds, lost, lost+l.answered.Load(), longest.Round(10*time.Millisecond), killed)
	return lost, killed
}
