package engine

import (
	"context"
	"encoding/json"
	"fmt"
)

// Send sends a message to the primary's program (Node: process.send in a
// worker). message is any value encoding/json can write; nil is null, and a
// json.RawMessage goes as it is. It does not wait for the primary: messages the
// channel does not take at once are kept in order, up to 32 MiB (see Backlog);
// beyond that the channel fails.
//
// A message of more than 16 MiB (the error wraps ErrTooLong), or without a JSON
// form, is an error, and the channel goes on. Once the channel is closed, or
// being closed, the error is ErrChannelClosed. As in Node an object whose cmd
// starts with NODE_ counts as an internal message of the cluster, and does not
// arrive.
func (c *Child) Send(message any) error { return c.SendHandle(message, nil) }

// SendHandle is Send with a descriptor: a connection, a listening socket or a
// UDP socket (Node: process.send(message, handle)). h still belongs to the
// caller, who may close it after the call; the descriptor is made non-blocking
// for all processes that share it. nil = none. If the primary has no free
// descriptor to receive it, the message is lost too.
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

// Backlog is how many sent bytes the primary has not taken yet (Node:
// process.send returns false when it is over about 128 KiB). A program that
// sends much calls Flush when Backlog grows.
func (c *Child) Backlog() int { return c.ch.Pending() }

// Flush waits until everything sent so far is with the primary's kernel
// buffers, so that it arrives even if this process ends now (Node: the callback
// of process.send). It returns ErrChannelClosed if that can never be, and an
// error that wraps ctx's if ctx ends first; then nothing is lost.
func (c *Child) Flush(ctx context.Context) error {
	if err := c.ch.Flush(ctx); err != nil {
		return fmt.Errorf("flushing the messages of worker %d: %w", c.id, channelErr(err))
	}
	return nil
}
