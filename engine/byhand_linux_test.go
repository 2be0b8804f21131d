package engine

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// There are eight sockets for one worker, and two of the ten that run at last have
// none. What came to the primary for these two was dealt to all ten in turn, so that
// the two got a third of their part.
func TestWorkersWithoutASocketOfTheirOwnGetTheirPart(t *testing.T) {
	t.Parallel()
	const sockets, workers = 8, 10
	c := runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1, Policy: SchedSpread})
	for range workers - 1 {
		if _, err := c.Fork(); err != nil {
			t.Fatal(err)
		}
	}
	poll(t, "all listen", func() bool { return len(thatListen(c)) == workers })
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	dealt := func() map[int]uint64 {
		all := make(map[int]uint64)
		for _, w := range c.Snapshot().Workers {
			all[w.ID] = w.Dealt
		}
		return all
	}
	poll(t, "only those without a socket get what comes to the primary", func() bool { // the others may not have theirs yet
		before := dealt()
		for range 20 * workers {
			res, err := client.Get("http://" + c.Snapshot().Addresses[0].String())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		got := 0
		for id, n := range dealt() {
			if n > before[id] {
				got++
			}
		}
		return got == workers-sockets
	})
}
