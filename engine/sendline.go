package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// lineSender is either end of a channel, see ipc.Conn.
type lineSender interface {
	Send(line []byte, fd int) error
}

// sendLine sends a program's message, with h if it is not nil, over either end
// of a channel. h still belongs to the caller. After an error other than
// ErrChannelClosed or ipc.ErrPendingFull nothing was sent and the channel goes
// on. Any goroutine may call it.
func sendLine(ch lineSender, value json.RawMessage, h *Handle) error {
	if h == nil {
		line, err := ipc.AppendJSON(nil, value)
		if err == nil {
			err = ch.Send(line, -1)
		}
		return channelErr(err)
	}
	var extra []ipc.Field
	switch h.Kind {
	case HandleSocket, HandleServer:
	case HandleUDP:
		extra = append(extra, ipc.Field{Name: "dgramType", Value: udpType(h.File)})
	default:
		return fmt.Errorf("a handle of kind %q is not %s, %s or %s", h.Kind, HandleSocket, HandleServer, HandleUDP)
	}
	line, err := ipc.AppendHandle(nil, string(h.Kind), value, extra...)
	if err != nil {
		return err
	}
	rc, err := h.File.SyscallConn() // not Fd: it would make the socket blocking
	if err != nil {
		return fmt.Errorf("sending a %s: %w", h.Kind, err)
	}
	var serr error
	err = rc.Control(func(fd uintptr) { serr = sendSocket(ch, line, int(fd)) })
	if err = errors.Join(err, serr); err != nil {
		return fmt.Errorf("sending a %s: %w", h.Kind, channelErr(err))
	}
	return nil
}

func sendSocket(ch lineSender, line []byte, fd int) error {
	// The receiver would end the channel for a descriptor that is no socket.
	if _, err := socketKind(fd); err != nil {
		return err
	}
	// Node does not set O_NONBLOCK on sockets it receives, and stands still on
	// a blocking one.
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	return ch.Send(line, fd)
}

// channelErr turns ipc's error for the end of a channel into the exported one.
func channelErr(err error) error {
	if errors.Is(err, ipc.ErrClosed) {
		return ErrChannelClosed
	}
	return err
}
