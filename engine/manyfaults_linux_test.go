package engine

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// speaksEnv has the worker answer every connection, before it reads, with its
// pid and a number nobody else has.
const speaksEnv = "MUSTER_ENGINE_TEST_SPEAKS"

func speakingWorker() int {
	ln, err := Listen("tcp", os.Getenv(speaksEnv))
	if err != nil {
		fmt.Fprintf(os.Stderr, "engine.test: worker: %v\n", err)
		return 1
	}
	for n := 0; ; n++ {
		conn, err := ln.Accept()
		if err != nil {
			return 0
		}
		fmt.Fprintf(conn, "%d %d\n", os.Getpid(), n)
		conn.Close()
	}
}

const speakingScript = `let n = 0;
require('net').createServer((c) => { c.on('error', () => {}); c.end(process.pid + ' ' + n++ + '\n'); })
  .listen(Number(process.env.MUSTER_ENGINE_TEST_SPEAKS.split(':')[1]), '127.0.0.1');`

// Eight workers, Go and Node in turn, under 64 clients that make one connection
// after another, while they are stopped, killed, and their channels broken: no
// connection may have two of them. It lasts MUSTER_FAULTS seconds.
func TestManyFaultsGiveNoConnectionTwoWorkers(t *testing.T) {
	seconds, _ := strconv.Atoi(os.Getenv("MUSTER_FAULTS"))
	if seconds == 0 {
		t.Skip("MUSTER_FAULTS is not set: see make soak")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no node on PATH")
	}
	script := filepath.Join(t.TempDir(), "speaks.js")
	if err := os.WriteFile(script, []byte(speakingScript), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	c := runCluster(t, Options{
		Workers: 8, Policy: SchedRR, Stall: 5 * time.Second, Grace: 2 * time.Second,
		Settings: Settings{
			Exec: "/bin/sh", Args: []string{"-c", `case $NODE_UNIQUE_ID in *[02468]) exec node "$0";; *) exec "$1";; esac`, script, exe},
			Env: []string{speaksEnv + "=" + addr},
		},
	})
	awaitRaw(t, "all listen", func() bool {
		n := 0
		for _, w := range c.Snapshot().Workers {
			if w.State == StateListening {
				n++
			}
		}
		return n == 8
	})
	var answered, lost, refused, twice atomic.Int64
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 64 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					refused.Add(1)
					<-time.After(time.Millisecond)
					continue
				}
				_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
				b, err := io.ReadAll(conn)
				conn.Close()
				switch lines := strings.Count(string(b), "\n"); {
				case lines > 1:
					twice.Add(1)
					t.Errorf("one connection has the answers %q", b)
				case lines == 1:
					answered.Add(1)
				case os.IsTimeout(err):
					t.Error("a client had no answer for 30 s")
				default:
					lost.Add(1)
				}
			}
		})
	}
	did := map[string]int{}
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); {
		<-time.After(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		rows := c.Snapshot().Workers
		w := rows[rand.IntN(len(rows))]
		if w.State != StateListening || w.PID == 0 {
			continue
		}
		pidfd, err := unix.PidfdOpen(w.PID, 0)
		if err != nil {
			continue
		}
		what := []string{"stop", "kill", "shut-wr", "shut-rdwr", "shut-rd", "garbage", "leave", "stop, shut-wr", "stop, shut-rdwr", "stop, garbage", "stop, kill"}[rand.IntN(11)]
		did[what]++
		wg.Go(func() { // ends in two seconds
			defer unix.Close(pidfd)
			signal := func(sig unix.Signal) { _ = unix.PidfdSendSignal(pidfd, sig, nil, 0) }
			if strings.HasPrefix(what, "stop") {
				signal(unix.SIGSTOP)
				<-time.After(time.Duration(20+rand.IntN(300)) * time.Millisecond)
				defer signal(unix.SIGCONT)
			}
			fd, err := unix.PidfdGetfd(pidfd, channelFD, 0)
			if err != nil {
				return
			}
			defer unix.Close(fd)
			switch what[strings.LastIndexByte(what, ' ')+1:] {
			case "kill":
				signal(unix.SIGKILL)
			case "shut-wr":
				_ = unix.Shutdown(fd, unix.SHUT_WR)
			case "shut-rd":
				_ = unix.Shutdown(fd, unix.SHUT_RD)
			case "shut-rdwr":
				_ = unix.Shutdown(fd, unix.SHUT_RDWR)
			case "garbage":
				_, _ = unix.Write(fd, []byte("this is no frame\n"))
			case "leave":
				_, _ = c.Do(t.Context(), Command{Op: OpRestart, Worker: w.ID})
			}
			<-time.After(time.Duration(rand.IntN(1500)) * time.Millisecond) // then it goes on, if it was stopped
		})
	}
	close(stop)
	wg.Wait()
	s := c.Snapshot()
	t.Logf("%d answered, %d lost, %d refused, %d twice; %d dealt again, lost %d and not known of %d; %v",
		answered.Load(), lost.Load(), refused.Load(), twice.Load(), s.DealtAgain, s.Lost, s.LostUnknown, did)
	if answered.Load() < 1000 {
		t.Error("too few to tell")
	}
}
