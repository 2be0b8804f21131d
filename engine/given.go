package engine

import (
	"errors"
	"fmt"
	"syscall"

	"muster/ipc"
)

// Node 18 asks its primary for a server that the primary has just sent to its
// program, right after it has acknowledged it: queryServer with no address. The
// answer is that same socket, so the primary keeps a copy until then. Later
// versions do not ask; the copy is closed with the next message, or at the next
// beat.

// isGiven tells whether a question is this one of Node 18.
func isGiven(q *ipc.Query) bool {
	return q.Address == nil && q.AddressType == "-1" && q.FD < 0
}

// answerGiven sends the server again, under a key no server of the cluster has.
func (g *granter) answerGiven(w *worker, ack int64) {
	seq := g.nextSeq()
	inner, err := ipc.AppendJSON(nil, ipc.QueryReply{Ack: ack, Seq: seq, Key: fmt.Sprintf("given:%d", seq), Errno: new(int)})
	var line []byte
	if err == nil {
		line, err = ipc.AppendHandle(nil, serverHandle, inner)
	}
	var rc syscall.RawConn
	if err == nil {
		rc, err = w.asks.given.SyscallConn()
	}
	if err == nil {
		var serr error
		err = rc.Control(func(fd uintptr) { serr = w.ch.Send(line, int(fd)) })
		err = errors.Join(err, serr)
	}
	w.keepGiven(nil)
	if err != nil {
		if !errors.Is(err, ipc.ErrClosed) {
			g.failed(w, fmt.Sprintf("answering worker %d", w.id), err)
		}
		return
	}
	w.flow.account.listens++
	w.unacked = append(w.unacked, sentFD{seq: seq, what: "its socket"})
}
