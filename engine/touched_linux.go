package engine

import "golang.org/x/sys/unix"

// touched tells whether somebody has read from or written to a TCP connection
// that the primary has accepted and nobody has answered for. known is false if that
// cannot be seen (a unix socket).
func touched(fd int) (yes, known bool) {
	for range 10 {
		was, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return false, false
		}
		unread, err := unix.IoctlGetInt(fd, unix.SIOCINQ)
		if err != nil {
			return false, false
		}
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return false, false
		}
		if info.Bytes_received == was.Bytes_received && info.State == was.State {
			return used(info, uint64(max(unread, 0))), true
		}
	}
	return false, false // bytes pour in, and the server has to read them
}

// used tells it by the kernel's counters and what waits to be read.
func used(info *unix.TCPInfo, unread uint64) bool {
	switch {
	case info.Bytes_sent > 0, info.Notsent_bytes > 0:
		return true
	case info.State == unix.BPF_TCP_FIN_WAIT1, info.State == unix.BPF_TCP_FIN_WAIT2,
		info.State == unix.BPF_TCP_CLOSING, info.State == unix.BPF_TCP_LAST_ACK:
		return true // our side is shut down
	}
	if info.State != unix.BPF_TCP_ESTABLISHED {
		unread++ // the end of the client's half counts as a byte
	}
	return info.Bytes_received > unread
}
