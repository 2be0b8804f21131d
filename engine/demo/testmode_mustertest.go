//go:build mustertest

package demo

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// channel is the descriptor of the worker's channel.
const channel = 3

// testMode misbehaves as MUSTER_TEST_WORKER says, in test builds only. It
// returns true if that is all the worker does.
func testMode() bool {
	if os.Getenv("MUSTER_TEST_WORKER") == "exit" { // before it listens
		fmt.Fprintln(os.Stderr, "Error: this worker ends at once")
		os.Exit(3)
	}
	if b, err := base64.StdEncoding.DecodeString(os.Getenv("MUSTER_TEST_OUTPUT")); err == nil && len(b) > 0 {
		_, _ = os.Stdout.Write(b)
	}
	return false
}

// seen is told of every request for the page. It prints its path, as a
// program's own log would, if MUSTER_TEST_PATHS is set; GET /fault/NAME makes
// this worker breach the protocol of its channel.
func seen(r *http.Request) {
	if os.Getenv("MUSTER_TEST_PATHS") != "" {
		fmt.Printf("path %s\n", r.URL.Path)
	}
	if name, ok := strings.CutPrefix(r.URL.Path, "/fault/"); ok {
		fault(name)
	}
}

// fault writes past the engine to the channel. Meanwhile the engine's own lines
// go nowhere, so that none of them falls into the middle of what is written here.
func fault(name string) {
	raw, err := unix.FcntlInt(channel, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(raw)
	nowhere, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(nowhere[0])
	defer unix.Close(nowhere[1])
	if unix.Dup3(nowhere[0], channel, unix.O_CLOEXEC) != nil {
		return
	}
	defer func() { _ = unix.Dup3(raw, channel, unix.O_CLOEXEC) }()
	// The channel's own descriptor: its end will not be seen while a copy that
	// was refused stays open.
	const handle = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}` + "\n"
	send := func(line string, fds ...int) {
		_ = unix.Sendmsg(raw, []byte(line), unix.UnixRights(fds...), nil, 0)
	}
	switch name {
	case "garbage":
		write(raw, []byte("this is no frame\n"))
	case "empty":
		write(raw, []byte("\n"))
	case "truncated": // the channel ends inside a frame
		write(raw, []byte(`{"cmd":"NODE_CLU`))
		_ = unix.Shutdown(raw, unix.SHUT_WR)
	case "long": // never ends, and is no JSON: a long message costs itself alone
		write(raw, []byte(strings.Repeat("a", 20<<20)))
	case "long-internal":
		write(raw, []byte(`{"cmd":"NODE_CLUSTER","act":"`+strings.Repeat("a", 128<<10)))
	case "descriptor": // with a message that takes none
		send("{}\n", raw)
	case "two-descriptors":
		send("{}\n", raw, raw)
	case "two-handles": // with a message that takes one
		send(handle, raw, raw)
	case "no-socket":
		send(handle, 0)
	}
}

// write writes all of b to the channel raw, or as much as the primary takes before
// it ends it.
func write(raw int, b []byte) {
	for len(b) > 0 {
		n, err := unix.Write(raw, b)
		switch err {
		case nil:
			b = b[n:]
		case unix.EAGAIN:
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(raw), Events: unix.POLLOUT}}, -1)
		case unix.EINTR:
		default:
			return
		}
	}
}
