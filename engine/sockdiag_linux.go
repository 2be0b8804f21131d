package engine

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A program that is not a Go worker does not tell how many connections it has
// open, and the primary does not see it close one. The kernel knows both: its
// list of connections at our ports (sock_diag(7)) and the descriptors of the
// process (proc(5)) have the inode numbers in common.

// The connections that count as open: whatever has been accepted and not been
// closed by the worker. Numbers of the kernel's tcp_states.h.
const openStates = 1<<1 | 1<<8 | 1<<4 | 1<<5 // ESTABLISHED, CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2

const (
	inetDiagReqSize = 56 // struct inet_diag_req_v2
	inetDiagMsgSize = 72 // struct inet_diag_msg
	diagTimeout     = 500 * time.Millisecond
)

// connectionsAt lists the inodes of the TCP connections at the given local ports.
func connectionsAt(ports map[int]bool) (map[uint32]bool, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	tv := unix.NsecToTimeval(diagTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	inodes := make(map[uint32]bool)
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		if err := diagDump(fd, family, func(msg []byte) {
			sport := int(binary.BigEndian.Uint16(msg[4:]))
			if inode := binary.NativeEndian.Uint32(msg[68:]); ports[sport] && inode != 0 {
				inodes[inode] = true
			}
		}); err != nil {
			return nil, fmt.Errorf("asking for connections: %w", err)
		}
	}
	return inodes, nil
}

// diagDump calls each with every inet_diag_msg of one family.
func diagDump(fd int, family uint8, each func(msg []byte)) error {
	req := make([]byte, unix.NLMSG_HDRLEN+inetDiagReqSize)
	binary.NativeEndian.PutUint32(req[0:], uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := req[unix.NLMSG_HDRLEN:]
	body[0], body[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(body[4:], openStates)
	if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		done, err := diagMessages(buf[:n], each)
		if done || err != nil {
			return err
		}
	}
}

// diagMessages reads one datagram of the kernel. done: it was the last one.
func diagMessages(b []byte, each func(msg []byte)) (done bool, err error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return false, unix.EBADMSG
		}
		body := b[unix.NLMSG_HDRLEN:size]
		switch typ := binary.NativeEndian.Uint16(b[4:]); {
		case typ == unix.NLMSG_DONE:
			return true, nil
		case typ == unix.NLMSG_ERROR:
			if len(body) >= 4 {
				if e := int32(binary.NativeEndian.Uint32(body)); e != 0 {
					return false, unix.Errno(-e)
				}
			}
			return true, nil
		case len(body) >= inetDiagMsgSize:
			each(body)
		}
		b = b[min((size+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1), len(b)):]
	}
	return false, nil
}

// fdsLooked bounds how many descriptors of one process are looked at: beyond it
// the look would cost more than the figure is worth.
const fdsLooked = 16384

// socketsOf counts the descriptors of a process that are one of the sockets;
// ok is false if it cannot be known.
func socketsOf(pid int, inodes map[uint32]bool) (n int, ok bool) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return 0, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(fdsLooked)
	if err != nil && len(names) == 0 || len(names) == fdsLooked {
		return 0, false
	}
	for _, name := range names {
		link, err := os.Readlink(dir.Name() + "/" + name)
		if err != nil {
			continue
		}
		num, isSocket := strings.CutPrefix(link, "socket:[")
		if !isSocket {
			continue
		}
		inode, err := strconv.ParseUint(strings.TrimSuffix(num, "]"), 10, 32)
		if err == nil && inodes[uint32(inode)] {
			n++
		}
	}
	return n, true
}
