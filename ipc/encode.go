package ipc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrTooLong: a message is longer than its receiver will take (MaxFrame,
// MaxInternal). Nothing has been sent.
var ErrTooLong = errors.New("message is too long")

func tooLong(n, limit int) error {
	return fmt.Errorf("%w: it has %d bytes, the limit is %d", ErrTooLong, n, limit)
}

// All Append functions add one whole frame, newline included, to dst and return
// the extended slice. On an error they return dst unchanged.

// AppendNewConn adds the hand-off of a connection to the server with that key;
// the connection's descriptor must be sent with it. It allocates only if dst
// has no room.
func AppendNewConn(dst []byte, key string, seq int64) []byte {
	return AppendNewConns(dst, key, seq)
}

// AppendNewConns is AppendNewConn for one connection or several, whose descriptors
// must be sent with it in that order. The receiver answers for each. Only a Conn of
// TakeMany understands more than one, and at most MaxConns.
func AppendNewConns(dst []byte, key string, seqs ...int64) []byte {
	// As newConnHead, but the string is closed by appendString.
	dst = append(dst, newConnHead[:len(newConnHead)-1]...)
	dst = appendString(dst, key)
	dst = append(dst, seqMid...)
	dst = strconv.AppendInt(dst, seqs[0], 10)
	if len(seqs) > 1 {
		dst = append(dst, moreMid...)
		for i, seq := range seqs[1:] {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, seq, 10)
		}
		dst = append(dst, ']')
	}
	return append(dst, "}}\n"...)
}

// AppendAccepted adds a worker's answer to the hand-off with Seq ack. It
// allocates only if dst has no room.
func AppendAccepted(dst []byte, ack, seq int64, accepted bool) []byte {
	dst = append(dst, acceptedHead...)
	dst = strconv.AppendInt(dst, ack, 10)
	dst = append(dst, acceptedMid...)
	dst = strconv.AppendBool(dst, accepted)
	dst = append(dst, seqMid...)
	dst = strconv.AppendInt(dst, seq, 10)
	return append(dst, "}\n"...)
}

// AppendAck adds the acknowledgement of a received descriptor. A Node peer
// sends nothing more until it gets this.
func AppendAck(dst []byte) []byte { return append(append(dst, ackFrame...), '\n') }

// AppendNack adds the answer to a message whose descriptor did not arrive.
func AppendNack(dst []byte) []byte { return append(append(dst, nackFrame...), '\n') }

// AppendProbe adds a hand-off for a server that no worker has; any stream
// socket must be sent with it. A worker answers the probe like every hand-off,
// when its event loop gets to it: it refuses, or answers with NACK if it had no
// descriptor free. It closes the socket, and its program sees nothing.
func AppendProbe(dst []byte, seq int64) []byte { return AppendNewConn(dst, probeKey, seq) }

// probeKey has no colon: every key of a server has one.
const probeKey = "probe"

// AppendJSON adds v as json.Marshal writes it: a user message, or one of the
// forms of this package (Online, QueryServer, ...).
func AppendJSON(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("encoding a %T for the channel: %w", v, err)
	}
	if len(b) > MaxFrame {
		return dst, fmt.Errorf("encoding a %T for the channel: %w", v, tooLong(len(b), MaxFrame))
	}
	return append(append(dst, b...), '\n'), nil
}

// AppendMuster adds a message between a Go primary and a Go worker; v is what
// the receiver finds in Message.Raw.
func AppendMuster(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("encoding a %T for the channel: %w", v, err)
	}
	const head = `{"cmd":"` + cmdMuster + `","msg":`
	if n := len(head) + len(b) + 1; n > MaxInternal {
		return dst, fmt.Errorf("encoding a %T for the channel: %w", v, tooLong(n, MaxInternal))
	}
	return append(append(append(dst, head...), b...), "}\n"...), nil
}

// Field is an additional member of a NODE_HANDLE wrapper, such as dgramType.
type Field struct {
	Name  string
	Value any
}

// AppendHandle adds a NODE_HANDLE wrapper of type typ ("net.Native",
// "net.Socket", ...) around inner, one JSON value with or without a newline at
// its end. Exactly one descriptor must be sent with it.
func AppendHandle(dst []byte, typ string, inner []byte, extra ...Field) ([]byte, error) {
	if typ == "" {
		return dst, fmt.Errorf("encoding a %s message: no type", cmdHandle)
	}
	b := append([]byte(nil), `{"cmd":"`+cmdHandle+`","type":`...)
	b = appendString(b, typ)
	b = append(b, `,"msg":`...)
	// Compact checks inner and takes out newlines, which would cut the frame.
	buf := bytes.NewBuffer(b)
	if err := json.Compact(buf, inner); err != nil {
		return dst, fmt.Errorf("encoding a %s message: %w", cmdHandle, err)
	}
	b = buf.Bytes()
	for _, f := range extra {
		switch f.Name {
		case "cmd", "type", "msg":
			return dst, fmt.Errorf("encoding a %s message: %q is not an additional field", cmdHandle, f.Name)
		}
		v, err := json.Marshal(f.Value)
		if err != nil {
			return dst, fmt.Errorf("encoding field %q of a %s message: %w", f.Name, cmdHandle, err)
		}
		b = append(b, ',')
		b = appendString(b, f.Name)
		b = append(append(b, ':'), v...)
	}
	if len(b)+1 > MaxFrame {
		return dst, fmt.Errorf("encoding a %s message: %w", cmdHandle, tooLong(len(b)+1, MaxFrame))
	}
	return append(append(dst, b...), "}\n"...), nil
}

// appendString adds s as a JSON string. Invalid UTF-8 becomes U+FFFD, as
// encoding/json does it.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case plain(c) || c == 0x7f:
			dst = append(dst, c)
			i++
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return append(dst, '"')
}
