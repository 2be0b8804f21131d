package parity

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"muster/engine"
)

// The backlog a worker asks for is the one the primary listens with; without
// one it is as much as the system allows. The kernel tells it of a listening
// socket, and all sockets of the address, that of the primary and the one the
// workers share, have it.
func TestNetListenBacklog(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Fatal(err)
	}
	most, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-server")
		for _, tt := range []struct{ asked, want int }{{1, 1}, {7, 7}, {0, most}} {
			o := portOrder{Do: "listen", Network: "tcp", Address: "127.0.0.1:0"}
			o.Config.Backlog = tt.asked
			addr := w.does(o)
			got := backlogs(t, portOf(t, addr))
			if len(got) == 0 {
				t.Errorf("the primary does not listen on %s", addr)
			}
			for _, n := range got {
				if n != tt.want {
					t.Errorf("with backlog %d the primary's sockets have %v, want %d", tt.asked, got, tt.want)
				}
			}
			answersID(t, "tcp", addr, w)
		}
		w.leaves()
	})
}

// backlogs are those of this process's sockets that listen on a port.
func backlogs(t *testing.T, port string) (all []int) {
	t.Helper()
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range dir {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		sa, err := unix.Getsockname(fd)
		if err != nil {
			continue // no socket
		}
		in, ok := sa.(*unix.SockaddrInet4)
		if !ok || strconv.Itoa(in.Port) != port {
			continue
		}
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			all = append(all, int(info.Sacked)) // of a socket that listens it is this
		}
	}
	return all
}
