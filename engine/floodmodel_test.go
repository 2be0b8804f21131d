package engine

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// floodCountEnv is how many messages of each kind are sent, each kind for a
// minute at most: for `make soak`, where the loop's longest step counts too.
const floodCountEnv = "MUSTER_FLOOD"

// stepMax is the longest the loop may be at one thing, in that.
const stepMax = 20 * time.Millisecond

// flooded is a cluster with one worker that serves, and those that flood it.
type flooded struct {
	t      *testing.T
	c      *Cluster
	done   chan *Worker
	client http.Client
}

func startFlooded(t *testing.T) *flooded {
	f := &flooded{t: t, done: make(chan *Worker, 1),
		client: http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	f.c = runCluster(t, Options{Addr: "127.0.0.1:0", Workers: 1, NoRestart: true})
	f.c.OnMessage(func(w *Worker, m Message) {
		if m.Handle != nil {
			m.Handle.Close()
		}
		if string(m.Value) == `"done"` {
			f.done <- w
		}
	})
	f.get() // worker 1 is there
	return f
}

// get has the other worker answer.
func (f *flooded) get() {
	f.t.Helper()
	res, err := f.client.Get("http://" + f.c.Snapshot().Addresses[0].String())
	if err != nil {
		f.t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "worker 1" {
		f.t.Fatalf("answer %q, %v", b, err)
	}
}

// run has a worker flood the primary, and returns why its channel was ended, ""
// if it was not, once all was taken in. The worker lives until end is called.
func (f *flooded) run(first, behind, count int, most time.Duration) (ended string, end func()) {
	f.t.Helper()
	f.c.loop.longestStep.Store(0)
	w, err := f.c.Fork(floodEnv + "=" + fmt.Sprint(first, behind, count, most.Milliseconds()))
	if err != nil {
		f.t.Fatal(err)
	}
	why := make(chan string, 1)
	w.OnDisconnect(func(d DisconnectDetail) { why <- d.Error })
	w.Process().PID()
	f.get()
	select {
	case <-f.done:
	case ended = <-why:
	case <-time.After(time.Duration(behind-first)*most + time.Minute):
		f.t.Fatalf("%s: not done", floodKinds[first].name)
	}
	return ended, func() {
		_ = w.Process().Signal(syscall.SIGKILL)
		receive(f.t, w.Done())
	}
}

// Every kind of message, by the thousand and with keys that grow: what the
// primary keeps of it is bounded, in bytes and in descriptors, and it goes on
// serving.
func TestFloodsOfEveryKindCostThePrimaryNothing(t *testing.T) {
	count, most, together, soak := 200, time.Second, 7, false
	if v := os.Getenv(floodCountEnv); v != "" {
		var err error
		if count, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
		most, together, soak = time.Minute, 1, true
	}
	f := startFlooded(t)
	heap0, fds0 := heapLive(), descriptorCount(t)
	for i := 0; i < len(floodKinds); i += together {
		k := floodKinds[i]
		began := time.Now()
		ended, end := f.run(i, min(i+together, len(floodKinds)), count, most)
		heap, fds, step := heapLive()-heap0, descriptorCount(t)-fds0, time.Duration(f.c.loop.longestStep.Load())
		end()
		t.Logf("%-45s %6d ms, heap %+7d KiB, %+4d descriptors, longest step %v, ended %.90q",
			k.name, time.Since(began).Milliseconds(), heap>>10, fds, step, ended)
		if !soak {
			// The heap and the descriptors are also those of the tests beside.
			if heap > 200<<20 {
				t.Errorf("%s: %d MiB are held", k.name, heap>>20)
			}
			if ended != "" {
				t.Errorf("%s: the channel ended: %s", k.name, ended)
			}
			continue
		}
		if heap > 40<<20 {
			t.Errorf("%s: %d MiB are held", k.name, heap>>20)
		}
		if limit := 4*addressesMax + 50; fds > limit {
			t.Errorf("%s: %d descriptors, the most is %d", k.name, fds, limit)
		}
		// A machine that is busy stretches a step; not every time.
		for try := 0; step > stepMax && try < 4; try++ {
			_, end := f.run(i, i+1, count, most/10)
			end()
			step = time.Duration(f.c.loop.longestStep.Load())
			t.Logf("%s again: longest step %v", k.name, step)
		}
		if step > stepMax {
			t.Errorf("%s: a step of the loop took %v", k.name, step)
		}
		if enough := float64(count/k.cheaper) > 1.5*oddRate.atOnce; (k.ends != "" && enough) != (ended != "") || ended != "" && !strings.Contains(ended, k.ends) {
			t.Errorf("%s: the channel ended with %q, want %q", k.name, ended, k.ends)
		}
	}
}

// A worker that says again and again what makes no sense loses its channel, by an
// event that says so, and the others go on.
func TestFloodOfSenselessMessagesEndsTheChannel(t *testing.T) {
	f := startFlooded(t)
	i := slices.IndexFunc(floodKinds, func(k floodKind) bool { return k.name == "acknowledgements" })
	ended, end := f.run(i, i+1, int(oddRate.atOnce)+100_000, time.Minute)
	if !strings.Contains(ended, "has sent over 10000 messages that make no sense") {
		t.Errorf("the channel ended with %q", ended)
	}
	end()
	f.get()
}

// heapLive is the bytes in use after a collection.
func heapLive() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// descriptorCount is how many descriptors this process has; 0 where that is not
// known.
func descriptorCount(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}
