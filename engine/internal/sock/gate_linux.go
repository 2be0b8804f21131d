package sock

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// maxBacklog is cut to net.core.somaxconn by listen(2) itself.
	maxBacklog = math.MaxInt32
	// MaxUnixPath is sun_path less the NUL at its end.
	MaxUnixPath = 107
	// tcpListen is TCP_LISTEN of the kernel's tcp_states.h.
	tcpListen = 10
)

// NewSocket makes a non-blocking, close-on-exec socket.
func NewSocket(family, typ, proto int) (int, error) {
	fd, err := unix.Socket(family, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, proto)
	return fd, os.NewSyscallError("socket", err)
}

// prepareGate gives a socket that is not yet bound a reuseport group of its
// own, with the program on it, and then takes SO_REUSEPORT off again. So the
// bind and listen that follow are exclusive (they fail if anybody serves the
// address, even another group of this user, which a bind with the option would
// silently join), and the program is in force from the moment the second socket
// joins.
func prepareGate(fd int) error {
	if err := setReusePort(fd, true); err != nil {
		return err
	}
	if err := attachGate(fd, To(Front)); err != nil {
		return err
	}
	return setReusePort(fd, false)
}

// setReusePort lets sockets of this user join fd's group, or not.
func setReusePort(fd int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	return os.NewSyscallError("setsockopt SO_REUSEPORT", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, v))
}

// attachGate replaces the group's program. The kernel swaps it atomically.
func attachGate(fd int, w Way) error {
	return attachBPF(fd, unix.SO_ATTACH_REUSEPORT_CBPF, "SO_ATTACH_REUSEPORT_CBPF", w.program())
}

// refuseNew makes a listening socket drop every SYN, so that its queue can be
// emptied for good: handshakes that have begun still end in the queue, and a
// client whose SYN was dropped sends it again after a second, when a closed
// port refuses it. A backlog of 0 is not enough: one connection still fits
// between the last accept and the close, and ends with a reset.
func refuseNew(fd int) error {
	const flags, syn, ack = 13, 0x02, 0x10 // the offset of the flags byte in the TCP header, where the filter starts to read, and two of its bits
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: syn | ack},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: math.MaxUint32},
	}
	if err := attachBPF(fd, unix.SO_ATTACH_FILTER, "SO_ATTACH_FILTER", prog); err != nil {
		return os.NewSyscallError("listen", unix.Listen(fd, 0)) // the next best
	}
	return nil
}

func attachBPF(fd, opt int, name string, prog []unix.SockFilter) error {
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	return os.NewSyscallError("setsockopt "+name, unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, opt, &fprog))
}

// queued is how many connections wait to be accepted on a listening TCP
// socket; 0 if the kernel does not tell.
func queued(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil || info.State != tcpListen {
		return 0
	}
	return int(info.Unacked) // of a listening socket: the length of its accept queue
}

// shutDown tells whether a socket that listened does so no more.
func shutDown(fd int) bool {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.State != tcpListen
}

// peerPID is the process that listens at the other end of a unix socket; 0 if
// it is not known.
func peerPID(fd int) int {
	c, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0
	}
	return int(c.Pid)
}

// whyNoGate is the sentence for the user when prepareGate failed.
func whyNoGate(err error) string {
	return fmt.Sprintf("the policy is fixed when the server starts to listen: this system refused the gate (%v)", err)
}
