package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/testkit"
)

// A burst of 32 connections at two workers that have served nothing yet: each gets
// 16, whoever answers first. The quick one got 24 when a worker had to earn its
// place.
func TestABurstIsDealtEvenly(t *testing.T) {
	t.Parallel()
	c, err := New(Options{Addr: "127.0.0.1:0", Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	// The loop's clock stands still during the burst: on a busy machine a worker
	// may be late with its answers, and gets less then.
	var still atomic.Pointer[time.Time]
	c.loop.clock.read = func() time.Time {
		if at := still.Load(); at != nil {
			return *at
		}
		return time.Now()
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(context.Background()) }()
	t.Cleanup(func() {
		c.Stop()
		if err := receive(t, ended); err != nil {
			t.Error(err)
		}
	})
	testkit.Eventually(t, patience, func() bool {
		s := c.Snapshot()
		return len(s.Workers) == 2 && !slices.ContainsFunc(s.Workers, func(r Row) bool { return r.State != StateListening })
	}, "two workers that listen")

	now := time.Now()
	still.Store(&now)
	held := make(chan struct{})
	c.loop.post(msgAside{take: func() { <-held }}) // so that all of them wait at once
	var conns []net.Conn
	for range 32 {
		conn, err := net.Dial("tcp", c.Snapshot().Addresses[0].String())
		if err != nil {
			close(held)
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	close(held)
	got := make(map[string]int)
	for _, conn := range conns {
		_ = conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		got[string(body)]++
	}
	still.Store(nil)
	if got["worker 1"] != 16 || got["worker 2"] != 16 {
		t.Errorf("answered: %v, want 16 each", got)
	}
}
