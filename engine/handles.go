package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// userMessage takes in a message of the worker's program, and the descriptor
// with it.
func (l *loop) userMessage(w *worker, m *ipc.Message) {
	var with callFacts
	if m.FD >= 0 {
		with.handle = kindOf(m.Handle, m.FD)
	}
	l.emitCall(w, Event{Kind: KindMessage, By: ByOutside, Detail: messageDetail(m.Raw)}, with)
	if isReady(m.Raw) && !w.ready {
		w.ready, w.note = true, ""
		w.heard = l.now()
		l.joined(w) // a restart need not wait for ever for a server that may never come
	}
	msg := Message{Worker: w.id, Value: m.Raw}
	if m.FD >= 0 {
		msg.Handle = l.takeHandle(w, m)
	}
	l.deliverMessage(w, msg)
}

// tooLong says that a message of the worker's program was refused. Nobody can
// tell a Node program: its send has no answer.
func (l *loop) tooLong(w *worker, m *ipc.Message) {
	w.tooLong++
	what := "a message"
	if m.Handle != "" {
		what = "a message with a " + m.Handle + ", which was closed,"
	}
	err := fmt.Errorf("%s of worker %d was refused: it has %d bytes, the most is %d (%d MiB); send it in parts, or pass a file's name (refused so far: %d): %w",
		what, w.id, m.Size, ipc.MaxFrame, ipc.MaxFrame>>20, w.tooLong, ErrTooLong)
	l.faulted(w, "", err)
	l.deliverError(w, err)
}

// messageDetail is a message as events hold it.
func messageDetail(raw []byte) MessageDetail {
	if len(raw) > lineMax { // not all of a long one is looked at
		return MessageDetail{Message: quoteJSON(validText(string(raw[:lineMax+1]))), Cut: true}
	}
	text := bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	if len(text) > lineMax {
		return MessageDetail{Message: quoteJSON(validText(string(text))), Cut: true}
	}
	return MessageDetail{Message: text}
}

// isReady tells whether a message is PM2's "ready" (its wait_ready).
func isReady(raw []byte) bool { return string(bytes.TrimSpace(raw)) == `"ready"` }

// takeHandle makes a Handle of the descriptor that came with a message.
func (l *loop) takeHandle(w *worker, m *ipc.Message) *Handle {
	h := &Handle{Kind: kindOf(m.Handle, m.FD), File: os.NewFile(uintptr(m.FD), "handle")}
	if m.HandleKey != nil {
		key := m.HandleKey
		w.opened(key)
		h.closed = func() {
			// Beside: Close may be called by the loop, and after its end. The
			// goroutine ends when the loop has taken the message, or has ended.
			go l.post(msgHandleClosed{w, key})
		}
	}
	m.FD = -1
	return h
}

// handleClosed says that a connection a worker gave us is closed here.
func (l *loop) handleClosed(w *worker, key json.RawMessage) {
	s := w.sockets[string(key)]
	if s == nil {
		return
	}
	if s.open--; s.open > 0 {
		return
	}
	delete(w.sockets, string(key)) // a worker invents keys
	if s.asked {
		l.send(w, ipc.SocketAllClosed{Key: key})
	}
}

// otherInternal answers Node's messages about sockets that were given to us. Of a
// key nobody knows there are none.
func (l *loop) otherInternal(w *worker, m *ipc.Message, now time.Time) {
	key := ipc.SocketKey(m.Raw)
	if key == nil {
		return
	}
	if len(key) > ipc.MaxHandleKey {
		l.odd(w, "a question about sockets with a key that is too long", now)
		return
	}
	s := w.sockets[string(key)]
	switch m.Cmd {
	case "NODE_SOCKET_NOTIFY_CLOSE":
		if s != nil {
			s.asked = true
			return
		}
		l.send(w, ipc.SocketAllClosed{Key: key})
	case "NODE_SOCKET_GET_COUNT":
		open := 0
		if s != nil {
			open = s.open
		}
		l.send(w, ipc.SocketCount{Key: key, Count: open})
	}
}

// sendUser sends a message, with a handle if h is not nil, to a worker's
// program. h stays the caller's.
func (l *loop) sendUser(w *worker, value json.RawMessage, h *Handle) error {
	if w.life.chanEnded {
		return fmt.Errorf("message to worker %d: %w", w.id, ErrChannelClosed)
	}
	if !json.Valid(value) {
		return badRequest(fmt.Errorf("message to worker %d: it is not JSON", w.id))
	}
	if err := sendLine(w.ch, value, h); err != nil {
		return fmt.Errorf("message to worker %d: %w", w.id, err)
	}
	if h == nil {
		return nil
	}
	sent := handle{seq: -1, what: "a handle"}
	if h.Kind == HandleServer {
		if rc, err := h.File.SyscallConn(); err == nil { // it was open just now
			sent.given = copyOf(rc)
		}
	}
	w.unacked = append(w.unacked, sent)
	return nil
}

// Node 18 asks its primary for a server that the primary has just sent to its
// program, right after it has acknowledged it: queryServer with no address. The
// answer is that very socket, so a copy is kept until then. Later versions do
// not ask; the copy is closed with the next message, or at the next beat.

// isGiven tells whether a question is the one of Node 18.
func isGiven(q *ipc.Query) bool {
	return q.Address == nil && q.AddressType == "-1" && q.FD < 0
}

// copyOf duplicates a descriptor; nil if there is none free.
func copyOf(rc syscall.RawConn) *os.File {
	var f *os.File
	_ = rc.Control(func(fd uintptr) {
		if n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			f = os.NewFile(uintptr(n), "given")
		}
	})
	return f
}

// answerGiven sends the server again, under a key no server of ours has.
func (l *loop) answerGiven(w *worker, ack int64) {
	seq := l.nextSeq()
	inner, err := ipc.AppendJSON(nil, ipc.QueryReply{Ack: ack, Seq: seq, Key: fmt.Sprintf("given:%d", seq), Errno: new(int)})
	var line []byte
	if err == nil {
		line, err = ipc.AppendHandle(nil, "net.Native", inner)
	}
	var rc syscall.RawConn
	if err == nil {
		rc, err = w.given.SyscallConn()
	}
	if err == nil {
		var serr error
		err = rc.Control(func(fd uintptr) { serr = w.ch.Send(line, int(fd)) })
		err = errors.Join(err, serr)
	}
	w.keepGiven(nil)
	if err != nil {
		if !errors.Is(err, ipc.ErrClosed) {
			l.failed(w, fmt.Sprintf("answering worker %d", w.id), err)
		}
		return
	}
	w.account.listens++
	w.unacked = append(w.unacked, handle{seq: seq, what: "its socket"})
}
