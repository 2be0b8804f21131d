package engine

import (
	"context"

	"muster/ipc"
)

// channel is the primary's end of a worker's channel, see ipc.Conn.
type channel interface {
	Read(dst []ipc.Message) ([]ipc.Message, error)
	Send(line []byte, fd int) error
	TrySend(line []byte, fd int) error
	TrySendAll(line []byte, fds []int) error
	Pending() int
	Flush(ctx context.Context) error
	PeerGone() bool
	Fail(reason error)
	Close() error
}
