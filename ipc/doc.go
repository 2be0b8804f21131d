// Package ipc is the channel between a cluster's primary and its workers: the
// one Node.js uses, so that an unmodified Node program can be a worker. A
// channel is a unix stream socket pair that carries one JSON value a line, and
// descriptors (SCM_RIGHTS) with some of the lines. PROTOCOL.md describes what
// goes over it, byte by byte.
//
// The package knows Node's message forms as data only. What a message means,
// and what answers it, is its user's business.
//
// # Descriptors
//
// A descriptor given to Send or TrySend stays the caller's, who may close it as
// soon as the call has returned. A descriptor in a received Message belongs to
// whoever received the Message. Everything else (of refused messages, of kept
// output, of messages never read) is closed by the Conn.
//
// O_NONBLOCK is a flag of the open socket, which sender and receiver share.
// The sender must set it before it sends a stream socket: Node does not set it
// on what it receives, and one blocking socket stops a whole Node worker. The
// flag is not touched here, neither on sending nor on receipt.
//
// # Goroutines
//
// A Conn takes Send, SendLines, TrySend, Pending, CloseWhenSent and Close from
// any goroutine; none of them waits for the peer. Flush does, until the kernel
// has all that was kept; it too may be called from any goroutine. Read and
// ReadMore are for one reader. A Conn has one goroutine of its own, only while
// output waits for the peer to read; Close ends it and waits for it.
package ipc

// Limits. A peer that goes past one ends the channel, except MaxFrame.
const (
	// MaxFrame is the longest frame, in bytes without its newline. Node itself
	// has no limit, so a longer user message is no breach: it is skipped without
	// being kept, and read as a Message of Kind TooLong in its place.
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
	// MaxPendingFDs is how many descriptors are kept with it.
	MaxPendingFDs = 1024
	// MaxHandleType and MaxHandleKey are the longest type and key of a
	// NODE_HANDLE wrapper, as they come: they are kept with the descriptor.
	MaxHandleType = 64
	MaxHandleKey  = 1 << 10
)
