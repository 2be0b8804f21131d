package engine

import (
	"encoding/binary"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// stopWithin bounds how long a process may take to stop.
const stopWithin = 100 * time.Millisecond

// countStopped stops a process that is about to be killed and lists its
// connections at the ports. ok is false if they cannot be known.
func countStopped(p *proc, ports map[int]bool) (conns map[uint32]connVerdict, ok bool) {
	if p.signal(syscall.SIGSTOP) != nil {
		return nil, false
	}
	for end := time.Now().Add(stopWithin); !p.stopped(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return nil, false
		}
	}
	all := make(map[uint32]connNow)
	ask := diagAsk{states: unendedStates, extensions: 1 << (inetDiagInfo - 1)}
	err := eachSocket(ask, func(inode uint32, msg []byte) {
		if ports[tcpSocketOf(msg).port] {
			all[inode] = connNowOf(msg)
		}
	})
	if err != nil {
		return nil, false
	}
	own, ok := socketInodes(p.pid)
	// A shell around the program has none of its connections.
	ok = ok && !heldBelow(p.pid, func(inode uint32) bool { _, isOurs := all[inode]; return isOurs })
	conns = make(map[uint32]connVerdict)
	for _, inode := range own {
		if c, isOurs := all[inode]; isOurs {
			conns[inode] = c.judge()
		}
	}
	return conns, ok
}

// connNow is what the kernel knows of a connection.
type connNow struct {
	closeWait   bool // its client has ended its side
	unread      uint32
	sent        uint64 // bytes
	sentAgo     time.Duration
	receivedAgo time.Duration
}

const inetDiagInfo = 2 // INET_DIAG_INFO of inet_diag.h: struct tcp_info

// justNow is how close in time two things of tcp_info may be that the kernel
// cannot tell apart, or that happen in one go: its clock ticks every 1 to 10 ms.
const justNow = 20 * time.Millisecond

// settledFor is how long ago an answer must have been sent for the connection to
// be one that is kept: a program that closes it does so in the next moment.
const settledFor = 200 * time.Millisecond

// judge tells what the end of its worker means to the client of a connection
// that is open.
func (c connNow) judge() connVerdict {
	answered := c.sent > 0 && c.sentAgo <= c.receivedAgo+justNow // perhaps not the whole
	switch {
	case c.closeWait && answered && c.unread == 0:
		return endIsNone // it has gone with its answer
	case c.closeWait:
		return endUnknown // it has given up, or waits with its own side closed
	case !answered || c.unread > 0 || c.sentAgo > settledFor:
		return endIsCut
	}
	return endUnknown
}

// connNowOf reads an inet_diag_msg and the tcp_info behind it. Without one it is
// a connection nothing can be said of.
func connNowOf(msg []byte) connNow {
	const closeWait = 8 // TCP_CLOSE_WAIT of tcp_states.h
	c := connNow{closeWait: msg[1] == closeWait, unread: binary.NativeEndian.Uint32(msg[56:]), sent: 1}
	for b := msg[inetDiagMsgSize:]; len(b) >= unix.SizeofRtAttr; {
		size, typ := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		if size < unix.SizeofRtAttr || size > len(b) {
			break
		}
		if typ == inetDiagInfo {
			var info unix.TCPInfo
			raw := unsafe.Slice((*byte)(unsafe.Pointer(&info)), unsafe.Sizeof(info))
			if copy(raw, b[unix.SizeofRtAttr:size]) < int(unsafe.Offsetof(info.Bytes_sent)+unsafe.Sizeof(info.Bytes_sent)) {
				break // an old kernel
			}
			c.sent = info.Bytes_sent
			c.sentAgo = time.Duration(info.Last_data_sent) * time.Millisecond
			c.receivedAgo = time.Duration(info.Last_data_recv) * time.Millisecond
			break
		}
		b = b[min((size+unix.RTA_ALIGNTO-1)&^(unix.RTA_ALIGNTO-1), len(b)):]
	}
	return c
}
