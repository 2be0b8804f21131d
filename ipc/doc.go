// Package ipc is the channel between a cluster's primary and its workers: the
// one Node.js uses, so that an unmodified Node program can be a worker. A
// channel is a unix stream socket pair that carries one JSON value a line, and
// descriptors (SCM_RIGHTS) with some of the lines. PROTOCOL.md describes what
// goes over it, byte by byte.
//
// The package knows Node's message forms as data only. The package's user
// decides what a message means and how to answer it.
//
// # Descriptors
//
// A descriptor given to Send or TrySend still belongs to the caller, who may
// close it as soon as the call has returned. A descriptor in a received Message
// belongs to the receiver of the Message. The Conn closes all others: those of
// refused messages, of kept output, and of messages never read.
//
// O_NONBLOCK is a flag of the open socket, which sender and receiver share. The
// sender must set it before it sends a stream socket: Node does not set it on
// sockets it receives, and one blocking socket stops a whole Node worker. This
// package does not touch the flag, neither on sending nor on receipt.
//
// # Goroutines
//
// A Conn takes Send, SendLines, TrySend, Pending, CloseWhenSent and Close from
// any goroutine; none of them waits for the peer. Flush waits until the kernel
// has all kept output; any goroutine may call it too. Read and ReadMore are for
// one reader. A Conn has one goroutine of its own, only while output waits for
// the peer to read; Close ends it and waits for it.
package ipc

// Limits. A peer that goes past one ends the channel, except MaxFrame.
const (
	// MaxFrame is the longest frame, in bytes without its newline. Node itself
	// has no limit, so a longer user message is no breach of the protocol: it
	// is skipped without being kept, and Read returns a Message of Kind TooLong
	// in its place.
	MaxFrame = 16 << 20
	// MaxSkip is the longest frame that is skipped: a line without an end must
	// not hold the channel for ever.
	MaxSkip = 1 << 30
	// MaxInternal is the longest internal message (NODE_...). A user message
	// within a NODE_HANDLE wrapper may be as long as any user message.
	MaxInternal = 64 << 10
	// MaxPending is how many bytes of output are kept for a peer that does not
	// read.
	MaxPending = 32 << 20
	// MaxPendingFDs is how many descriptors are kept with that output.
	MaxPendingFDs = 1024
	// MaxConns is the most connections in one newconn, and so the most descriptors
	// with one frame.
	MaxConns = 16
	// MaxHandleType and MaxHandleKey are the longest type and key of a
	// NODE_HANDLE wrapper, as sent: both are kept with the descriptor.
	MaxHandleType = 64
	MaxHandleKey  = 1 << 10
)
