package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/testkit"
)

// A worker broke its channel over a hand-off it had not read, and read it later:
// the connection had been dealt again, and its client got two answers. The last
// worker is a good one, as are those that replace the others.
func TestNoConnectionHasTwoWorkers(t *testing.T) {
	for when, faults := range map[string][]string{
		"later":   {"shut-wr", "shut-rdwr", "garbage", "shut-rd", "held"},
		"at-once": {"shut-wr", "shut-rdwr", "garbage"},
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			later := filepath.Join(t.TempDir(), "later")
			c := runCluster(t, Options{
				Addr: "127.0.0.1:0", Workers: len(faults) + 1, Policy: SchedRR, WorkerProcs: 1,
				Settings: Settings{Env: []string{
					rawEnv + "=" + strings.Join(faults, " ") + " " + when, rawLaterEnv + "=" + later,
				}},
			})
			events := func(k Kind, worker int) (found []Event) {
				all, _ := c.Events(0)
				for _, e := range all {
					if e.Kind == k && (worker == 0 || e.Worker == worker) {
						found = append(found, e)
					}
				}
				return found
			}
			awaitRaw(t, "all listen", func() bool { return len(events(KindListening, 0)) == len(faults)+1 })
			clients := make([]*rawClient, len(faults)+1) // one for each worker
			for i := range clients {
				clients[i] = rawAsk(t, c.Snapshot().Addresses[0].String())
			}
			for i, fault := range faults {
				if fault != "shut-rd" {
					continue
				}
				awaitRaw(t, "it has stopped reading", func() bool {
					r := c.Snapshot().ByID(i + 1)
					return len(events(KindOutput, i+1)) > 0 && r != nil && r.Hand > 0
				})
				awaitRaw(t, "its channel has ended", func() bool { // which is known when something is sent
					_, err := c.Do(context.Background(), Command{Op: OpSend, Worker: i + 1, Message: []byte(`"are you there?"`)})
					return err != nil
				})
			}
			var got []string
			for _, cl := range clients {
				got = append(got, cl.next(t))
			}
			if err := os.WriteFile(later, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for i, cl := range clients {
				cl.nothingMore(t, got[i])
			}
			byBad := 0
			for _, e := range events(KindFork, 0) {
				if e.Worker <= len(faults) && slices.Contains(got, fmt.Sprint(e.PID)) {
					byBad++
				}
			}
			again := 0
			for id := 1; id <= len(faults); id++ {
				awaitRaw(t, "it has ended", func() bool { return len(events(KindExit, id)) > 0 })
				d := events(KindExit, id)[0].Detail.(ExitDetail)
				again += d.DealtAgain
				switch kills := events(KindKill, id); {
				case faults[id-1] == "held": // it ended by itself
				case len(kills) != 1 || !strings.HasPrefix(kills[0].Detail.(KillDetail).Reason, "its channel has ended with 1 hand-off unanswered"):
					t.Errorf("worker %d was ended by %+v", id, kills)
				case d.Signal == nil || *d.Signal != "SIGKILL" || d.Voluntary:
					t.Errorf("worker %d: exit %+v", id, d)
				case d.DealtAgain == 1 && (d.Cut == nil || *d.Cut != 0):
					t.Errorf("worker %d: its connection went to another, and it cut %v", id, d.Cut)
				case d.DealtAgain == 0 && d.Cut != nil:
					t.Errorf("worker %d: it used a connection it had not answered for, and is known to have cut %d", id, *d.Cut)
				}
			}
			if want := map[string]int{"later": len(faults)}[when]; again != want || byBad != len(faults)-want {
				t.Errorf("%d dealt again, %d answered by workers without a channel; want %d, %d", again, byBad, want, len(faults)-want)
			}
			awaitRaw(t, "what is lost is told", func() bool { s := c.Snapshot(); return s.Lost == 0 && s.LostUnknown == byBad })
		})
	}
}

func awaitRaw(t *testing.T, what string, ok func() bool) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, ok, what)
}

// rawClient is a connection that waits for one answer.
type rawClient struct {
	conn net.Conn
	r    *bufio.Reader
}

func rawAsk(t *testing.T, addr string) *rawClient {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err := conn.Write([]byte("who?\n")); err != nil {
		t.Fatal(err)
	}
	return &rawClient{conn, bufio.NewReader(conn)}
}

// next is who has answered.
func (c *rawClient) next(t *testing.T) string {
	t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Errorf("no answer: %v", err)
	}
	return strings.TrimSpace(line)
}

// nothingMore reads to the end, or for a moment.
func (c *rawClient) nothingMore(t *testing.T, first string) {
	t.Helper()
	_ = c.conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	if rest, err := io.ReadAll(c.r); len(rest) > 0 {
		t.Errorf("process %s has answered, and then %q (%v)", first, rest, err)
	}
}
