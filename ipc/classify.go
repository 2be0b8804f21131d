package ipc

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	cmdCluster = "NODE_CLUSTER"
	cmdHandle  = "NODE_HANDLE"
	cmdAck     = "NODE_HANDLE_ACK"
	cmdNack    = "NODE_HANDLE_NACK"
	cmdMuster  = "NODE_MUSTER"
)

// message reads one frame, without its newline. FD is -1 in what it returns,
// and Missing is not decided: the decoder has the descriptors.
func message(frame []byte, names *intern) (Message, error) {
	if len(frame) <= MaxInternal {
		if m, ok := fastMessage(frame, names); ok {
			return m, nil
		}
	}
	return slowMessage(frame)
}

// slowMessage reads any message in any form. It never fails because of the type
// of a field, only if the meaning of the whole frame is unclear.
func slowMessage(frame []byte) (Message, error) {
	if len(frame) == 0 {
		return Message{}, protocolError(frame, "an empty frame")
	}
	if !json.Valid(frame) {
		return Message{}, protocolError(frame, "not JSON")
	}
	v := bytes.Trim(frame, jsonSpace)
	cmd := command(v)
	if cmd == "" {
		return userMessage(v), nil
	}
	if cmd == cmdHandle {
		return handleMessage(frame, v)
	}
	if err := checkInternal(frame); err != nil {
		return Message{}, err
	}
	return internalMessage(v, cmd), nil
}

// handleMessage reads a NODE_HANDLE wrapper and the message in it.
func handleMessage(frame, v []byte) (Message, error) {
	typ, inner, key := wrapped(v)
	switch {
	case typ == "" || inner == nil:
		return Message{}, protocolError(frame, "%s without a type or a message", cmdHandle)
	case len(typ) > MaxHandleType:
		return Message{}, protocolError(frame, "%s with a type of %d bytes, the limit is %d", cmdHandle, len(typ), MaxHandleType)
	case len(key) > MaxHandleKey:
		return Message{}, protocolError(frame, "%s with a key of %d bytes, the limit is %d", cmdHandle, len(key), MaxHandleKey)
	}
	cmd := command(inner)
	if cmd == "" {
		m := userMessage(inner) // it may be as long as any user message
		m.Handle, m.HandleKey = typ, key
		return m, nil
	}
	if err := checkInternal(frame); err != nil {
		return Message{}, err
	}
	var m Message
	if strings.HasPrefix(cmd, cmdHandle) {
		// An acknowledgement does not come in a wrapper: this does not count as
		// one.
		m = otherInternal(inner, cmd)
	} else {
		m = internalMessage(inner, cmd)
	}
	m.Handle = typ
	return m, nil
}

func checkInternal(frame []byte) error {
	if len(frame) > MaxInternal {
		return protocolError(frame, "an internal message of %d bytes, the limit is %d", len(frame), MaxInternal)
	}
	return nil
}

// command is the cmd of an internal message, "" for a user message. The rule
// is Node's: a string of more than five characters that starts with NODE_.
func command(v []byte) string {
	if !isObject(v) {
		return ""
	}
	cmd := ""
	for name, val := range members(v) {
		if name == "cmd" {
			cmd = text(val)
		}
	}
	if !strings.HasPrefix(cmd, "NODE_") || cmd == "NODE_" {
		return ""
	}
	return cmd
}

// wrapped takes a NODE_HANDLE message apart.
func wrapped(v []byte) (typ string, inner []byte, key json.RawMessage) {
	for name, val := range members(v) {
		switch name {
		case "type":
			typ = text(val)
		case "msg":
			inner = val
		case "key":
			key = opaque(val)
		}
	}
	return typ, inner, key
}

// SocketKey is the key in the Raw of NODE_SOCKET_NOTIFY_CLOSE and
// NODE_SOCKET_GET_COUNT, nil if there is none.
func SocketKey(raw []byte) (key json.RawMessage) {
	if !isObject(raw) {
		return nil
	}
	for name, val := range members(raw) {
		if name == "key" {
			key = opaque(val)
		}
	}
	return key
}

func userMessage(v []byte) Message {
	return Message{Kind: User, FD: -1, Raw: bytes.Clone(v)}
}

func internalMessage(v []byte, cmd string) Message {
	m := Message{FD: -1}
	switch cmd {
	case cmdCluster:
		m.Kind = Cluster
		m.Cluster = clusterMsg(v)
	case cmdMuster:
		m.Kind = Muster
		m.Raw = []byte("null")
		for name, val := range members(v) {
			if name == "msg" {
				m.Raw = bytes.Clone(val)
			}
		}
	case cmdAck:
		m.Kind = Ack
	case cmdNack:
		m.Kind = Nack
	default:
		m = otherInternal(v, cmd)
	}
	return m
}

func otherInternal(v []byte, cmd string) Message {
	return Message{Kind: OtherInternal, FD: -1, Cmd: cmd, Raw: bytes.Clone(v)}
}

func clusterMsg(v []byte) ClusterMsg {
	var c ClusterMsg
	for name, val := range members(v) {
		switch name {
		case "act":
			c.Act = text(val)
		case "seq":
			c.Seq, _ = integer(val)
		case "ack":
			c.Ack, c.HasAck = integer(val)
		case "accepted":
			c.Accepted = string(val) == "true"
			c.HasAccepted = c.Accepted || string(val) == "false"
		case "key":
			c.Key = text(val)
		case "errno":
			var n int64
			n, c.HasErrno = integer(val)
			c.Errno = int(n)
		case "sockname":
			c.Sockname = sockname(val)
		case "data":
			c.Data = opaque(val)
		case "more":
			c.more = further(val)
		}
	}
	switch c.Act {
	case "queryServer", "listening", "close":
		c.Query = query(v, c.Key, c.Data)
	}
	if c.Act != "newconn" {
		c.more = nil
	}
	return c
}

// further are the numbers of a newconn's other connections, nil if there are none
// or they make no sense.
func further(val []byte) []Further {
	var seqs []json.RawMessage
	if json.Unmarshal(val, &seqs) != nil || len(seqs) >= MaxConns {
		return nil
	}
	var more []Further
	for _, s := range seqs {
		seq, ok := integer(s)
		if !ok {
			return nil
		}
		more = append(more, Further{seq, -1})
	}
	return more
}

func query(v []byte, key string, data json.RawMessage) *Query {
	q := &Query{Key: key, Port: -1, FD: -1, Data: data}
	for name, val := range members(v) {
		switch name {
		case "address":
			q.Address = nil
			if val[0] == '"' {
				s := text(val)
				q.Address = &s
			}
		case "port":
			q.Port = small(val, -1)
		case "addressType":
			q.AddressType = label(val)
		case "fd":
			q.FD = small(val, -1)
		case "flags":
			q.Flags = small(val, 0)
		case "backlog":
			q.Backlog = small(val, 0)
		case "index":
			q.Index = small(val, 0)
		case "readableAll":
			q.ReadableAll = string(val) == "true"
		case "writableAll":
			q.WritableAll = string(val) == "true"
		}
	}
	return q
}

func sockname(v []byte) *Sockname {
	if !isObject(v) {
		return nil
	}
	s := &Sockname{}
	for name, val := range members(v) {
		switch name {
		case "address":
			s.Address = text(val)
		case "family":
			s.Family = label(val)
		case "port":
			s.Port = small(val, 0)
		}
	}
	return s
}
