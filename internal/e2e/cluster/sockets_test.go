//go:build linux

package cluster

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// States of a socket in /proc/net/tcp.
const (
	tcpEstablished = 1
	tcpListening   = 10
)

// socket is one line of /proc/net/tcp.
type socket struct {
	state int
	port  int // local
}

// sockets are the IPv4 sockets of this machine by their link target.
func sockets(t *testing.T) map[string]socket {
	t.Helper()
	b, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]socket{}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 10 || f[0] == "sl" {
			continue
		}
		_, portText, _ := strings.Cut(f[1], ":")
		port, err1 := strconv.ParseInt(portText, 16, 32)
		state, err2 := strconv.ParseInt(f[3], 16, 32)
		if err1 != nil || err2 != nil {
			t.Fatalf("/proc/net/tcp: %q", line)
		}
		found[fmt.Sprintf("socket:[%s]", f[9])] = socket{int(state), int(port)}
	}
	return found
}

// connections is how many a worker has: its sockets except its channel and its
// listener. It does not look the sockets up: with many of them that takes
// longer than a check under load may take.
func connections(t *testing.T, pid int) int {
	t.Helper()
	n := -2
	for _, link := range descriptors(t, pid) {
		if strings.HasPrefix(link, "socket:") {
			n++
		}
	}
	return max(n, 0)
}

func portOf(t *testing.T, addr string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
