package ipc

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Kind sorts messages by their receiver.
type Kind uint8

const (
	User          Kind = iota // for the program: any JSON value that is not an internal message
	Cluster                   // NODE_CLUSTER: Message.Cluster says what
	Muster                    // NODE_MUSTER: between Go primary and Go worker only
	Ack                       // NODE_HANDLE_ACK: a descriptor has arrived
	Nack                      // NODE_HANDLE_NACK: a descriptor has not arrived
	OtherInternal             // any other NODE_...: Message.Cmd says which
	TooLong                   // a user message of more than MaxFrame bytes, which was skipped: Message.Size says how long
)

// String names the kind for tests and logs.
func (k Kind) String() string {
	switch k {
	case User:
		return "user"
	case Cluster:
		return "cluster"
	case Muster:
		return "muster"
	case Ack:
		return "ack"
	case Nack:
		return "nack"
	case OtherInternal:
		return "internal"
	case TooLong:
		return "too long"
	}
	return "kind " + strconv.Itoa(int(k))
}

// Message is one received message. Nothing in it points into the Conn's
// buffers, so the receiver may keep it.
type Message struct {
	Kind Kind
	// Raw is the JSON value: for User and OtherInternal as it was sent (inside a
	// NODE_HANDLE wrapper: the value wrapped), for Muster what was given to
	// AppendMuster ("null" if there is none). It is nil for Cluster, Ack and Nack, whose
	// content is in the other fields, and for TooLong. Node's JSON is valid UTF-8; another
	// peer's may not be.
	Raw []byte
	// FD is the received descriptor or -1. The receiver of the Message owns it.
	FD int
	// Handle is the type of the NODE_HANDLE wrapper, e.g. "net.Native"; "" if
	// the message came without one. The descriptor of a TooLong message is
	// closed already, so FD is -1. The receiver must still acknowledge it;
	// otherwise a Node sender stays silent.
	Handle string
	// HandleKey is the wrapper's key, raw JSON: a net.Socket that a server of
	// the sender accepted has a key, and the sender asks about it later
	// (NODE_SOCKET_NOTIFY_CLOSE, whose Raw has the same key). nil = none.
	HandleKey json.RawMessage
	// Missing is set on a message with a wrapper whose descriptor did not
	// arrive: the sender sent none, or we are out of descriptors. The receiver
	// answers with AppendNack and drops the message. A loop-lag probe looks
	// like this: Kind User, Handle "net.Native", Raw {}.
	Missing bool
	// Further are the other connections of a newconn with more than one: FD and
	// Cluster.Seq are the first's. It is nil unless the Conn takes such messages.
	Further []Further
	Cluster ClusterMsg // for Kind Cluster
	Cmd     string     // for Kind OtherInternal: "NODE_SOCKET_NOTIFY_CLOSE", ...
	Size    int        // for Kind TooLong: bytes of the frame, without its newline
}

// Further is a connection that came with another one.
type Further struct {
	Seq int64
	FD  int // -1 = it did not arrive, as Missing; the receiver of the Message owns it
}

// ClusterMsg is the content of a NODE_CLUSTER message. Fields that are missing
// in the message, or have a senseless type, are zero.
type ClusterMsg struct {
	Act         string // "online", "queryServer", "listening", "close", "newconn", ...; "" in a reply
	Seq         int64  // the sender's counter
	Ack         int64  // in a reply: Seq of the question
	HasAck      bool
	Accepted    bool // in the reply to newconn
	HasAccepted bool
	Key         string // which server it is about
	Errno       int    // in the reply to queryServer, negative; null counts as absent
	HasErrno    bool
	Query       *Query          // with the acts queryServer, listening and close
	Sockname    *Sockname       // in the reply to queryServer
	Data        json.RawMessage // opaque, e.g. TLS ticket keys; nil if absent or null

	more []Further // of a newconn: see Message.Further
}

// Query is what a worker asks to listen on, or listens on. The types of its
// fields differ between Node versions, so it is read tolerantly.
type Query struct {
	Key         string // as ClusterMsg.Key; only close has it
	Address     *string
	Port        int    // -1 = none (a path, or a descriptor)
	AddressType string // "4", "6", "-1" (a path), "udp4", "udp6", or ""
	FD          int    // a descriptor of the primary to listen on; -1 = none
	Flags       int    // bit 0: IPv6 only; bit 2: reuse address (UDP)
	Backlog     int    // 0 = default
	Index       int
	Data        json.RawMessage // as ClusterMsg.Data
	ReadableAll bool            // the mode of a unix path
	WritableAll bool
}

// Sockname is the address a server got.
type Sockname struct {
	Address string `json:"address"`
	Family  string `json:"family"` // "IPv4" or "IPv6"
	Port    int    `json:"port"`
}

// ProtocolError is a breach of the protocol by the peer. The channel cannot be
// used any more.
type ProtocolError struct {
	Reason string
	Sample []byte // the first 64 bytes of the offending frame, or fewer
}

// Error is one line of printable ASCII, whatever the peer sent.
func (e *ProtocolError) Error() string {
	if len(e.Sample) == 0 {
		return "channel: " + e.Reason
	}
	return fmt.Sprintf("channel: %s in %s", e.Reason, strconv.QuoteToASCII(string(e.Sample)))
}

func protocolError(frame []byte, format string, args ...any) *ProtocolError {
	const maxSample = 64
	// A copy: the frame lies in a buffer that is used again.
	sample := append([]byte(nil), frame[:min(len(frame), maxSample)]...)
	return &ProtocolError{Reason: fmt.Sprintf(format, args...), Sample: sample}
}
