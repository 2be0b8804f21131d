package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// rawEnv makes this binary a worker that speaks the channel by itself: the faults
// of the first workers, in order, then when they read what they were handed:
// "shut-wr garbage later". The other workers are well-behaved.
const rawEnv = "MUSTER_ENGINE_TEST_RAW"

// rawLaterEnv is a path: when it is there, who reads later does.
const rawLaterEnv = "MUSTER_ENGINE_TEST_RAW_LATER"

// rawWorker listens, says "up", and answers each connection with its pid, which
// only it knows.
func rawWorker(mode string) int {
	words := strings.Fields(mode)
	if mode == "holder" {
		return rawHolder()
	}
	id, _ := strconv.Atoi(os.Getenv(envUniqueID))
	ch, err := ipc.Open(channelFD)
	if err == nil {
		err = rawListen(ch)
	}
	if err == nil && id < len(words) {
		err = rawFault(words[id-1], words[len(words)-1] == "later")
	}
	for err == nil {
		err = rawServe(ch)
	}
	if errors.Is(err, errRawOver) {
		return 0
	}
	fmt.Fprintf(os.Stderr, "engine.test: raw worker: %v\n", err)
	if id < len(words) { // one that is wrong lives on
		<-time.After(time.Minute)
	}
	return 1
}

var errRawOver = errors.New("it is to leave")

func rawListen(ch *ipc.Conn) error {
	host, port, err := net.SplitHostPort(os.Getenv(envAddr))
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(port)
	q := ipc.Query{Address: &host, Port: n, AddressType: "4", FD: -1}
	if err := rawSend(ch, ipc.Online{}); err != nil {
		return err
	}
	if err := rawSend(ch, ipc.QueryServer{Seq: 1, Query: q}); err != nil {
		return err
	}
	ms, err := ch.Read(nil)
	if err != nil {
		return err
	}
	if len(ms) != 1 || !ms[0].Cluster.HasAck || ms[0].Cluster.Errno != 0 {
		return fmt.Errorf("it got %+v for its question", ms)
	}
	if err := ch.Send(ipc.AppendAck(nil), -1); err != nil {
		return err
	}
	if err := rawSend(ch, ipc.Listening{Seq: 2, Query: q}); err != nil {
		return err
	}
	fmt.Println("up")
	return nil
}

func rawSend(ch *ipc.Conn, v any) error {
	line, err := ipc.AppendJSON(nil, v)
	if err != nil {
		return err
	}
	return ch.Send(line, -1)
}

// rawFault waits for a hand-off, does not read it, and breaks the channel.
func rawFault(fault string, later bool) error {
	if _, err := unix.Poll([]unix.PollFd{{Fd: channelFD, Events: unix.POLLIN}}, -1); err != nil {
		return err
	}
	var err error
	switch fault {
	case "shut-wr":
		err = unix.Shutdown(channelFD, unix.SHUT_WR)
	case "shut-rdwr":
		err = unix.Shutdown(channelFD, unix.SHUT_RDWR)
	case "shut-rd": // its primary sees that at the next message
		err = unix.Shutdown(channelFD, unix.SHUT_RD)
	case "garbage":
		_, err = unix.Write(channelFD, []byte("this is no frame\n"))
	case "held": // by a child of its, which outlives it
		child := exec.Command("/proc/self/exe")
		child.Env = mergeEnv(os.Environ(), []string{rawEnv + "=holder"})
		child.ExtraFiles = []*os.File{os.NewFile(channelFD, "channel")}
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Start(); err != nil {
			return err
		}
		rawLater("holds") // the child says so
		os.Exit(1)
	default:
		err = fmt.Errorf("no fault %q", fault)
	}
	fmt.Println("broken")
	if later && err == nil {
		rawLater("")
	}
	return err
}

// rawLater waits until the test says that it is later.
func rawLater(which string) {
	for {
		if _, err := os.Stat(os.Getenv(rawLaterEnv) + which); err == nil {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

// rawHolder has the channel of a worker that ends, and reads there later.
func rawHolder() int {
	signal.Ignore(syscall.SIGTERM)
	if err := os.WriteFile(os.Getenv(rawLaterEnv)+"holds", nil, 0o600); err != nil {
		return 1
	}
	rawLater("")
	ch, err := ipc.Open(channelFD)
	for err == nil {
		err = rawServe(ch)
	}
	return 1
}

// rawServe reads once, and answers what has come.
func rawServe(ch *ipc.Conn) error {
	ms, err := ch.Read(nil)
	for i := range ms {
		m := &ms[i]
		switch m.Cluster.Act {
		case "disconnect":
			return errRawOver
		case "newconn":
			out := ipc.AppendAccepted(ipc.AppendAck(nil), m.Cluster.Seq, 9, true)
			_ = ch.SendLines(out) // a broken one cannot, and goes on
			_, _ = unix.Write(m.FD, fmt.Appendf(nil, "%d\n", os.Getpid()))
			_ = unix.Close(m.FD)
		}
	}
	return err
}
