package sock

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Unended lists the connections at the given local ports that their worker has
// not ended, by inode, and what the worker's end at this moment means to their
// clients.
func Unended(ports map[int]bool) (map[uint32]Verdict, error) {
	all := make(map[uint32]Verdict)
	ask := diagAsk{states: unendedStates, extensions: 1 << (inetDiagInfo - 1)}
	err := eachSocket(ask, func(inode uint32, msg []byte) {
		if ports[tcpSocketOf(msg).Port] {
			all[inode] = connNowOf(msg).judge()
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
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

// justNow is the distance in time within which two events of tcp_info count as
// simultaneous: the kernel's clock ticks every 1 to 10 ms.
const justNow = 20 * time.Millisecond

// settledFor is how long ago an answer must have been sent for the connection
// to count as kept open: a program that closes a connection does so right after
// the answer.
const settledFor = 200 * time.Millisecond

// judge tells what the end of the worker means to the client of an open
// connection.
func (c connNow) judge() Verdict {
	answered := c.sent > 0 && c.sentAgo <= c.receivedAgo+justNow // perhaps not in full
	switch {
	case c.closeWait && answered && c.unread == 0:
		return EndIsNone // the client has gone with its answer
	case c.closeWait:
		return EndUnknown // the client has given up, or waits with its own side closed
	case !answered || c.unread > 0 || c.sentAgo > settledFor:
		return EndIsCut
	}
	return EndUnknown
}

// connNowOf reads an inet_diag_msg and the tcp_info behind it. Without a
// tcp_info nothing can be said of the connection.
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
