package ipc

import (
	"encoding/json"
	"strconv"
)

// The cluster messages that come a few times in a worker's life, for
// AppendJSON. Each writes its own cmd and act, and its fields in Node's order.
// Seq is a counter of the sending process; Ack is the Seq of the question.

// Online is a worker's first message.
type Online struct{ Seq int64 }

// QueryServer asks the primary for a listening socket. Query.Key is not sent;
// Query.FD is sent only if it is above 0.
type QueryServer struct {
	Seq   int64
	Query Query
}

// Listening tells the primary that a server listens: with the Query of its
// QueryServer, except that Port is the port it got.
type Listening struct {
	Seq   int64
	Query Query
}

// CloseKey tells the primary that a worker closes the server of that key.
type CloseKey struct {
	Seq int64
	Key string
}

// ExitedAfterDisconnect tells the primary that the worker leaves of its own
// will; the worker waits for an AckReply.
type ExitedAfterDisconnect struct{ Seq int64 }

// AckReply is an answer that says only that the question has arrived.
type AckReply struct{ Ack, Seq int64 }

// Disconnect tells a worker to close its servers and then the channel.
type Disconnect struct{ Seq int64 }

// QueryReply answers QueryServer. If it comes in a NODE_HANDLE wrapper with a
// descriptor (AppendHandle), the worker listens and accepts on that descriptor;
// otherwise the worker waits for hand-offs.
type QueryReply struct {
	Ack, Seq int64
	Key      string
	Errno    *int            // negative = failed; nil is written as null and means success
	Sockname *Sockname       // nil is left out
	Data     json.RawMessage // nil is written as null
}

// SocketAllClosed answers NODE_SOCKET_NOTIFY_CLOSE: no socket of that key is
// open here. Without this answer a worker that sent us sockets never
// disconnects.
type SocketAllClosed struct {
	Key json.RawMessage // as it came
}

// SocketCount answers NODE_SOCKET_GET_COUNT.
type SocketCount struct {
	Key   json.RawMessage // as it came
	Count int
}

// act is what the simple forms have in common.
type act struct {
	Cmd string `json:"cmd"`
	Act string `json:"act,omitempty"`
	Key string `json:"key,omitempty"`
	Ack *int64 `json:"ack,omitempty"`
	Seq int64  `json:"seq"`
}

// MarshalJSON writes the message.
func (m Online) MarshalJSON() ([]byte, error) {
	return json.Marshal(act{Cmd: cmdCluster, Act: "online", Seq: m.Seq})
}

// MarshalJSON writes the message.
func (m CloseKey) MarshalJSON() ([]byte, error) {
	return json.Marshal(act{Cmd: cmdCluster, Act: "close", Key: m.Key, Seq: m.Seq})
}

// MarshalJSON writes the message.
func (m ExitedAfterDisconnect) MarshalJSON() ([]byte, error) {
	return json.Marshal(act{Cmd: cmdCluster, Act: "exitedAfterDisconnect", Seq: m.Seq})
}

// MarshalJSON writes the message.
func (m Disconnect) MarshalJSON() ([]byte, error) {
	return json.Marshal(act{Cmd: cmdCluster, Act: "disconnect", Seq: m.Seq})
}

// MarshalJSON writes the message.
func (m AckReply) MarshalJSON() ([]byte, error) {
	return json.Marshal(act{Cmd: cmdCluster, Ack: &m.Ack, Seq: m.Seq})
}

// MarshalJSON writes the message.
func (m QueryServer) MarshalJSON() ([]byte, error) {
	return marshalQuery("queryServer", m.Query, m.Seq)
}

// MarshalJSON writes the message.
func (m Listening) MarshalJSON() ([]byte, error) { return marshalQuery("listening", m.Query, m.Seq) }

func marshalQuery(act string, q Query, seq int64) ([]byte, error) {
	f := struct {
		Cmd         string          `json:"cmd"`
		Act         string          `json:"act"`
		Index       int             `json:"index"`
		Data        json.RawMessage `json:"data"`
		Address     *string         `json:"address"`
		Port        *int            `json:"port"`
		AddressType any             `json:"addressType"`
		FD          *int            `json:"fd,omitempty"`
		Flags       int             `json:"flags"`
		Backlog     int             `json:"backlog"`
		ReadableAll bool            `json:"readableAll,omitempty"`
		WritableAll bool            `json:"writableAll,omitempty"`
		Seq         int64           `json:"seq"`
	}{
		Cmd: cmdCluster, Act: act, Index: q.Index, Data: q.Data, Address: q.Address, Port: &q.Port,
		Flags: q.Flags, Backlog: q.Backlog, ReadableAll: q.ReadableAll, WritableAll: q.WritableAll, Seq: seq,
	}
	// Node writes 4, 6 and -1 as numbers, and null if there is a descriptor.
	if n, err := strconv.Atoi(q.AddressType); err == nil {
		f.AddressType = n
	} else if q.AddressType != "" {
		f.AddressType = q.AddressType
	}
	// Not descriptor 0: a Query whose author left FD out must not mean stdin.
	if q.FD > 0 {
		f.FD = &q.FD
		if q.Port < 0 {
			f.Port = nil
		}
	}
	return json.Marshal(f)
}

// MarshalJSON writes the message.
func (m QueryReply) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Cmd      string          `json:"cmd"`
		Errno    *int            `json:"errno"`
		Key      string          `json:"key"`
		Ack      int64           `json:"ack"`
		Data     json.RawMessage `json:"data"`
		Sockname *Sockname       `json:"sockname,omitempty"`
		Seq      int64           `json:"seq"`
	}{cmdCluster, m.Errno, m.Key, m.Ack, m.Data, m.Sockname, m.Seq})
}

// MarshalJSON writes the message.
func (m SocketAllClosed) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Cmd string          `json:"cmd"`
		Key json.RawMessage `json:"key"`
	}{"NODE_SOCKET_ALL_CLOSED", m.Key})
}

// MarshalJSON writes the message.
func (m SocketCount) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Cmd   string          `json:"cmd"`
		Key   json.RawMessage `json:"key"`
		Count int             `json:"count"`
	}{"NODE_SOCKET_COUNT", m.Key, m.Count})
}
