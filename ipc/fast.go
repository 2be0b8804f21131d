package ipc

// The messages of a hand-off come once per connection, so they are read without
// allocation, in exactly the form Node and our own encoders write. Everything
// else, including the same message in another form, takes the slow path; both
// paths must agree (FuzzFastPath).

const (
	acceptedHead = `{"cmd":"NODE_CLUSTER","ack":`
	acceptedMid  = `,"accepted":`
	seqMid       = `,"seq":`
	ackFrame     = `{"cmd":"NODE_HANDLE_ACK"}`
	nackFrame    = `{"cmd":"NODE_HANDLE_NACK"}`
	newConnHead  = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"`
	newConnMid   = `","seq":`
	moreMid      = `,"more":[`
)

// fastMessage reads the frame if it is a message of a hand-off. FD is -1 in
// what it returns, and Missing is not decided.
func fastMessage(frame []byte, names *intern) (Message, bool) {
	m := Message{FD: -1}
	switch string(frame) { // the compiler makes no copy for a switch
	case ackFrame:
		m.Kind = Ack
		return m, true
	case nackFrame:
		m.Kind = Nack
		return m, true
	}
	if rest, ok := after(frame, acceptedHead); ok {
		ok = fastAccepted(rest, &m)
		return m, ok
	}
	if rest, ok := after(frame, newConnHead); ok {
		ok = fastNewConn(rest, &m, names)
		return m, ok
	}
	return m, false
}

// fastAccepted reads 5,"accepted":true,"seq":3}
func fastAccepted(b []byte, m *Message) bool {
	ack, b, ok := digits(b)
	if !ok {
		return false
	}
	if b, ok = after(b, acceptedMid); !ok {
		return false
	}
	accepted := false
	if rest, yes := after(b, "true"); yes {
		b, accepted = rest, true
	} else if b, ok = after(b, "false"); !ok {
		return false
	}
	if b, ok = after(b, seqMid); !ok {
		return false
	}
	seq, b, ok := digits(b)
	if !ok || string(b) != "}" {
		return false
	}
	m.Kind = Cluster
	m.Cluster.Ack, m.Cluster.HasAck = ack, true
	m.Cluster.Accepted, m.Cluster.HasAccepted = accepted, true
	m.Cluster.Seq = seq
	return true
}

// fastNewConn reads KEY","seq":5}} or KEY","seq":5,"more":[6,7]}}
func fastNewConn(b []byte, m *Message, names *intern) bool {
	n := 0
	for n < len(b) && plain(b[n]) {
		n++
	}
	key := b[:n]
	b, ok := after(b[n:], newConnMid)
	if !ok {
		return false
	}
	seq, b, ok := digits(b)
	if !ok {
		return false
	}
	if rest, yes := after(b, moreMid); yes {
		if m.Cluster.more, b, ok = fastMore(rest); !ok {
			return false
		}
	}
	if string(b) != "}}" {
		return false
	}
	m.Kind = Cluster
	m.Handle = "net.Native"
	m.Cluster.Act = "newconn"
	m.Cluster.Key = names.get(key)
	m.Cluster.Seq = seq
	return true
}

// fastMore reads 6,7]
func fastMore(b []byte) (more []Further, rest []byte, ok bool) {
	more = make([]Further, 0, MaxConns-1)
	for len(more) < cap(more) {
		seq, b2, ok := digits(b)
		if !ok || len(b2) == 0 {
			return nil, b, false
		}
		more = append(more, Further{seq, -1})
		switch b = b2[1:]; b2[0] {
		case ']':
			return more, b, true
		case ',':
		default:
			return nil, b, false
		}
	}
	return nil, b, false
}

// plain tells whether a byte stands for itself in a JSON string. Non-ASCII is
// left to the slow path, which checks it.
func plain(c byte) bool { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' }

func after(b []byte, prefix string) ([]byte, bool) {
	if len(b) < len(prefix) || string(b[:len(prefix)]) != prefix {
		return b, false
	}
	return b[len(prefix):], true
}

// digits reads a JSON integer of at most 15 digits: exact in every number type
// in use, including JavaScript's.
func digits(b []byte) (v int64, rest []byte, ok bool) {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		v = v*10 + int64(b[n]-'0')
		if n++; n > 15 {
			return 0, b, false
		}
	}
	if n == 0 || n > 1 && b[0] == '0' {
		return 0, b, false
	}
	return v, b[n:], true
}

// intern keeps the few strings that are repeated often, so that they are
// allocated once.
type intern struct{ m map[string]string }

func (t *intern) get(b []byte) string {
	// The limits: a peer that invents keys must not make us keep them all.
	const maxStrings, maxLen = 64, 256
	if s, ok := t.m[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(t.m) < maxStrings && len(s) <= maxLen {
		if t.m == nil {
			t.m = make(map[string]string)
		}
		t.m[s] = s
	}
	return s
}
