//go:build linux

package cluster

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"

	"golang.org/x/sys/unix"
)

// strays are a file and a socket for a primary to inherit, without
// close-on-exec, and their link targets.
func strays(t *testing.T) (files []*os.File, links []string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "stray"))
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The channel takes the place of the first one in a worker.
	files = []*os.File{os.NewFile(uintptr(fds[0]), "stray"), f, os.NewFile(uintptr(fds[1]), "stray")}
	for _, f := range files {
		t.Cleanup(func() { f.Close() })
		link, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		links = append(links, link)
	}
	return files, links
}

// checkDescriptors checks that a worker has open what it must, and nothing
// else: 0, 1, 2, its channel, the common listening socket and its own, conns
// connections, and what Go's runtime opens. What it has open for a moment (the file of its time zone, at
// its first log line) may close first.
func checkDescriptors(t *testing.T, pid int, addr string, conns int) {
	t.Helper()
	want := map[string]int{"stdin": 1, "output": 2, "listener": 2, "channel": 1}
	if conns > 0 {
		want["connection"] = conns
	}
	port := portOf(t, addr)
	var last string
	defer func() {
		if t.Failed() {
			t.Log(last)
		}
	}()
	testkit.Eventually(t, kit.Patience, func() bool {
		open := descriptors(t, pid)
		got := kindsOpen(open, sockets(t), port)
		last = fmt.Sprintf("it has %v (%v)", got, open)
		return maps.Equal(got, want)
	}, fmt.Sprintf("worker process %d has %v open and nothing else", pid, want))
}

// kindsOpen counts by kind what a worker has open, except what Go's runtime
// opens for itself.
func kindsOpen(open map[int]string, tcp map[string]socket, port int) map[string]int {
	got := map[string]int{}
	for fd, link := range open {
		kind := "unknown: " + link
		s, isTCP := tcp[link]
		switch {
		case fd == 0 && link == os.DevNull:
			kind = "stdin"
		case (fd == 1 || fd == 2) && strings.HasPrefix(link, "pipe:"):
			kind = "output"
		case isTCP && s.port == port && s.state == tcpListening:
			kind = "listener"
		case isTCP && s.port == port && s.state == tcpEstablished:
			kind = "connection"
		case !isTCP && fd == 3 && strings.HasPrefix(link, "socket:"):
			kind = "channel"
		case link == "anon_inode:[eventpoll]", link == "anon_inode:[eventfd]",
			strings.HasPrefix(link, "/sys/fs/cgroup/") && strings.HasPrefix(filepath.Base(link), "cpu."):
			continue // Go's runtime
		}
		got[kind]++
	}
	return got
}

// hasAll tells whether a process has all of these open.
func hasAll(t *testing.T, pid int, links []string) bool {
	t.Helper()
	have := map[string]bool{}
	for _, link := range descriptors(t, pid) {
		have[link] = true
	}
	for _, link := range links {
		if !have[link] {
			return false
		}
	}
	return true
}

// | 14 | a worker's /proc/PID/fd | 0, 1, 2, channel, two listeners, its connections,
// Go's epoll, eventfd and cgroup CPU files; nothing else, also after 100
// restarts and when P inherited stray descriptors |
func TestCheck14Descriptors(t *testing.T) {
	t.Parallel()
	files, links := strays(t)
	p := startMuster(t, nil, files, "--workers", "2", "--addr", "127.0.0.1:0")
	up := p.AwaitKind(2, engine.KindListening)
	if !hasAll(t, p.PID, links) {
		t.Fatalf("the primary did not inherit %v: nothing is checked", links)
	}
	addr := p.Addr()
	conns := map[int]int{}
	for range 6 {
		c := mustDial(t, addr)
		if _, err := c.ask("/"); err != nil {
			t.Fatal(err)
		}
		conns[c.worker]++
	}
	for _, e := range up {
		checkDescriptors(t, e.PID, addr, conns[e.Worker])
	}
}

func TestCheck14DescriptorsAfterRestarts(t *testing.T) {
	t.Parallel()
	workers, restarts := 4, 100
	if testkit.Race { // one descriptor left at each would show after the first
		restarts = 40
	}
	files, links := strays(t)
	p := startPrimary(t, files, primaryConfig{Workers: workers, Policy: engine.SchedRR, Grace: 5 * time.Second})
	p.AwaitKind(workers, engine.KindListening)
	if !hasAll(t, p.PID, links) {
		t.Fatalf("the primary did not inherit %v: nothing is checked", links)
	}
	before := testkit.OpenKinds(p.PID)
	for done := 0; done < restarts; done += workers {
		for _, e := range kit.Listening(p.SoFar()) {
			p.do("restart %d", e.Worker)
		}
		p.AwaitKind(done+workers, engine.KindExit)
	}
	up := kit.Listening(p.SoFar())
	if len(up) != workers {
		t.Fatalf("%d workers listen, want %d", len(up), workers)
	}
	for _, e := range up {
		checkDescriptors(t, e.PID, p.Addr(), 0)
	}
	testkit.NoMoreOpen(t, kit.Patience, p.PID, before)
}
