package engine

import "golang.org/x/sys/unix"

// touched tells whether a worker has read from or written to a TCP connection
// that the primary has accepted and whose hand-off has no answer. known is
// false if that cannot be seen (a unix socket).
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
	return false, false // bytes keep coming: the figures never belong together
}

// used tells the same by the kernel's counters and the bytes that wait to be
// read.
func used(info *unix.TCPInfo, unread uint64) bool {
	switch {
	case info.Bytes_sent > 0, info.Notsent_bytes > 0:
		return true
	case info.State == unix.BPF_TCP_FIN_WAIT1, info.State == unix.BPF_TCP_FIN_WAIT2,
		info.State == unix.BPF_TCP_CLOSING, info.State == unix.BPF_TCP_LAST_ACK:
		return true // the server's side is shut down
	}
	if info.State != unix.BPF_TCP_ESTABLISHED {
		unread++ // the end of the client's half counts as a byte
	}
	return info.Bytes_received > unread
}
