package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// messages is the loop's part that passes on the programs' messages to each
// other, with their descriptors.
type messages struct {
	*common
	intake *intake
}

// userMessage takes in a message of the worker's program, and the descriptor
// with it. ready tells that the program says for the first time that it is.
func (mg *messages) userMessage(w *worker, m *ipc.Message) (ready bool) {
	var with callFacts
	if m.FD >= 0 {
		with.handle = kindOf(m.Handle, m.FD)
	}
	mg.emitCall(w, Event{Kind: KindMessage, By: ByOutside, Detail: messageDetail(m.Raw)}, with)
	if isReady(m.Raw) && !w.seen.ready {
		w.seen.ready, w.note = true, ""
		w.at.heard = mg.now()
		ready = true
	}
	msg := Message{Worker: w.id, Value: m.Raw}
	if m.FD >= 0 {
		msg.Handle = mg.takeHandle(w, m)
	}
	mg.deliverMessage(w, msg)
	return ready
}

// tooLong says that a message of the worker's program was refused. Nobody can
// tell a Node program: its send has no answer.
func (mg *messages) tooLong(w *worker, m *ipc.Message) {
	w.flow.tooLong++
	what := "a message"
	if m.Handle != "" {
		what = "a message with a " + m.Handle + ", which was closed,"
	}
	err := fmt.Errorf("%s of worker %d was refused: it has %d bytes, the most is %d (%d MiB); send it in parts, or pass a file's name (refused so far: %d): %w",
		what, w.id, m.Size, ipc.MaxFrame, ipc.MaxFrame>>20, w.flow.tooLong, ErrTooLong)
	mg.faulted(w, "", err)
	mg.deliverError(w, err)
}

// messageDetail is a message as events hold it.
func messageDetail(raw []byte) MessageDetail {
	if len(raw) > lineMax { // only a part of a long message is looked at
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
func (mg *messages) takeHandle(w *worker, m *ipc.Message) *Handle {
	h := &Handle{Kind: kindOf(m.Handle, m.FD), File: os.NewFile(uintptr(m.FD), "handle")}
	if m.HandleKey != nil {
		key := m.HandleKey
		w.opened(key)
		h.closed = func() {
			// On a goroutine, because Close may be called by the loop, or after
			// its end. The goroutine ends when the loop has taken the message,
			// or has ended.
			go mg.post(msgHandleClosed{w, key})
		}
	}
	m.FD = -1
	return h
}

// handleClosed says that a connection from a worker is closed here.
func (mg *messages) handleClosed(w *worker, key json.RawMessage) {
	s := w.flow.sockets[string(key)]
	if s == nil {
		return
	}
	if s.open--; s.open > 0 {
		return
	}
	delete(w.flow.sockets, string(key)) // a worker can invent keys
	if s.asked {
		mg.send(w, ipc.SocketAllClosed{Key: key})
	}
}

// otherInternal answers Node's messages about sockets that were sent to the
// primary. For an unknown key there are none.
func (mg *messages) otherInternal(w *worker, m *ipc.Message, now time.Time) {
	key := ipc.SocketKey(m.Raw)
	if key == nil {
		return
	}
	if len(key) > ipc.MaxHandleKey {
		mg.intake.odd(w, "a question about sockets with a key that is too long", now)
		return
	}
	s := w.flow.sockets[string(key)]
	switch m.Cmd {
	case "NODE_SOCKET_NOTIFY_CLOSE":
		if s != nil {
			s.asked = true
			return
		}
		mg.send(w, ipc.SocketAllClosed{Key: key})
	case "NODE_SOCKET_GET_COUNT":
		open := 0
		if s != nil {
			open = s.open
		}
		mg.send(w, ipc.SocketCount{Key: key, Count: open})
	}
}

// sendUser sends a message, with a handle if h is not nil, to a worker's
// program. h still belongs to the caller.
func (mg *messages) sendUser(w *worker, value json.RawMessage, h *Handle) error {
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
	sent := sentFD{seq: -1, what: "a handle"}
	if h.Kind == HandleServer {
		if rc, err := h.File.SyscallConn(); err == nil { // it was open just now
			sent.given = copyOf(rc)
		}
	}
	w.unacked = append(w.unacked, sent)
	return nil
}

// copyOf duplicates a descriptor; nil if no descriptor is free.
func copyOf(rc syscall.RawConn) *os.File {
	var f *os.File
	_ = rc.Control(func(fd uintptr) {
		if n, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			f = os.NewFile(uintptr(n), "given")
		}
	})
	return f
}

// sent says that a message was sent to a worker.
func (mg *messages) sent(w *worker, message json.RawMessage, by By) {
	mg.emitFor(w, Event{Kind: KindSend, By: by, Detail: SendDetail(messageDetail(message))})
}
