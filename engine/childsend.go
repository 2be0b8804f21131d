package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// Send sends a message to the primary's program (Node: process.send in a
// worker). message is any value encoding/json can write; nil is null, and a
// json.RawMessage goes as it is. It does not wait for the primary: what the
// channel does not take at once is kept in order, up to 32 MiB (see Backlog), past
// which the channel fails.
//
// A message of more than 16 MiB (the error wraps ErrTooLong), or one JSON cannot
// hold, is an error, and the channel goes on. Once the channel is closed, or being closed, the error is
// ErrChannelClosed. As in Node an object whose cmd starts with NODE_ is taken for
// one of the cluster's own messages, and does not arrive.
func (c *Child) Send(message any) error { return c.SendHandle(message, nil) }

// SendHandle is Send with a descriptor: a connection, a listening socket or a UDP
// socket (Node: process.send(message, handle)). h stays the caller's, who may
// close it when the call has returned; the descriptor is made non-blocking, for
// all who share it. nil = none. If the primary has no descriptor left to receive
// it with, the message is lost with it.
func (c *Child) SendHandle(message any, h *Handle) error {
	value, err := json.Marshal(message)
	if err == nil {
		err = sendLine(c.ch, value, h)
	}
	if err != nil {
		return fmt.Errorf("message of worker %d to the primary: %w", c.id, err)
	}
	return nil
}

// Backlog is how many bytes sent to the primary it has not taken yet (Node:
// process.send returning false tells that it is over about 128 KiB). A program
// that sends much waits with Flush when it grows.
func (c *Child) Backlog() int { return c.ch.Pending() }

// Flush waits until everything sent so far is with the primary's kernel
// buffers, so that it arrives even if this process ends now (Node: the callback
// of process.send). It returns ErrChannelClosed if that can never be, and an error that
// wraps ctx's if that ends first; nothing is lost by then.
func (c *Child) Flush(ctx context.Context) error {
	if err := c.ch.Flush(ctx); err != nil {
		return fmt.Errorf("flushing the messages of worker %d: %w", c.id, channelErr(err))
	}
	return nil
}

// channelErr gives the end of a channel the name users know.
func channelErr(err error) error {
	if errors.Is(err, ipc.ErrClosed) {
		return ErrChannelClosed
	}
	return err
}

// sendLine sends a program's message, with h if it is not nil, over either end
// of a channel. h stays the caller's. After an error that is not
// ErrChannelClosed or ipc.ErrPendingFull nothing was sent and the channel goes
// on. Any goroutine may call it.
func sendLine(ch channel, value json.RawMessage, h *Handle) error {
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

func sendSocket(ch channel, line []byte, fd int) error {
	// The receiver would end the channel for what is no socket.
	if _, err := socketKind(fd); err != nil {
		return err
	}
	// Node does not set it on what it receives, and stands still on a socket
	// that blocks.
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	return ch.Send(line, fd)
}
