package sock

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	inetDiagReqSize = 56 // struct inet_diag_req_v2
	inetDiagMsgSize = 72 // struct inet_diag_msg
	diagTimeout     = 500 * time.Millisecond
)

// ConnectionsAt lists the inodes of the TCP connections at the given local ports.
func ConnectionsAt(ports map[int]bool) (map[uint32]bool, error) {
	inodes := make(map[uint32]bool)
	err := eachSocket(diagAsk{states: StatesOpen}, func(inode uint32, msg []byte) {
		if ports[tcpSocketOf(msg).Port] {
			inodes[inode] = true
		}
	})
	if err != nil {
		return nil, err
	}
	return inodes, nil
}

// TCPSockets lists the TCP sockets in the given states by inode.
func TCPSockets(states States) (map[uint32]TCPSocket, error) {
	sockets := make(map[uint32]TCPSocket)
	err := eachSocket(diagAsk{states: states}, func(inode uint32, msg []byte) { sockets[inode] = tcpSocketOf(msg) })
	return sockets, err
}

// tcpSocketOf reads an inet_diag_msg.
func tcpSocketOf(msg []byte) TCPSocket {
	return TCPSocket{int(binary.BigEndian.Uint16(msg[4:])), msg[1] == stateListen}
}

// diagAsk is the request: sockets in one of the states, with the extensions of
// inet_diag.h whose bits are set.
type diagAsk struct {
	states     States
	extensions uint8
}

// eachSocket calls each with the inet_diag_msg of every TCP socket that is
// asked for and has an inode: a connection that waits to be accepted has none.
func eachSocket(ask diagAsk, each func(inode uint32, msg []byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	tv := unix.NsecToTimeval(diagTimeout.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		if err := diagDump(fd, family, ask, func(msg []byte) {
			if inode := binary.NativeEndian.Uint32(msg[68:]); inode != 0 {
				each(inode, msg)
			}
		}); err != nil {
			return fmt.Errorf("asking for connections: %w", err)
		}
	}
	return nil
}

// diagDump calls each with every inet_diag_msg of one family.
func diagDump(fd int, family uint8, ask diagAsk, each func(msg []byte)) error {
	req := make([]byte, unix.NLMSG_HDRLEN+inetDiagReqSize)
	binary.NativeEndian.PutUint32(req[0:], uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	body := req[unix.NLMSG_HDRLEN:]
	body[0], body[1], body[2] = family, unix.IPPROTO_TCP, ask.extensions
	binary.NativeEndian.PutUint32(body[4:], uint32(ask.states))
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

// CountOf counts the descriptors of a process that are one of the sockets;
// ok is false if it cannot be known.
func CountOf(pid int, inodes map[uint32]bool) (n int, ok bool) {
	own, ok := InodesOf(pid)
	for _, i := range own {
		if inodes[i] {
			n++
		}
	}
	return n, ok
}

// InodesOf lists the sockets a process has a descriptor of; ok is false if
// they cannot be known.
func InodesOf(pid int) (inodes []uint32, ok bool) {
	dir, err := os.Open("/proc/" + strconv.Itoa(pid) + "/fd")
	if err != nil {
		return nil, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(fdsLooked)
	if err != nil && len(names) == 0 || len(names) == fdsLooked {
		return nil, false
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
		if err == nil {
			inodes = append(inodes, uint32(inode))
		}
	}
	return inodes, true
}

// ListensOf are the TCP ports a process listens at; ok is false if that cannot
// be known.
func ListensOf(pid int, sockets map[uint32]TCPSocket) (ports []int, ok bool) {
	inodes, ok := InodesOf(pid)
	if !ok {
		return nil, false
	}
	for _, i := range inodes {
		if s, is := sockets[i]; is && s.Listens {
			ports = append(ports, s.Port)
		}
	}
	return ports, true
}
