package engine

import (
	"encoding/json"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
	"muster/ipc"
)

type (
	msgRun   struct{}           // Run was called
	msgStop  struct{ now bool } // to end, gracefully or at once
	msgSetup struct {
		s     Settings
		found foundExec
		reply chan<- answer[struct{}]
	}
	msgFork struct {
		env   []string
		reply chan<- answer[*Worker]
	}
	// msgAccepted and msgRead come for every connection: they are used again, see
	// common.reused.
	msgAccepted struct {
		s     *server
		batch []sock.Accepted
	}
	msgFailed struct { // something outside the loop failed and goes on
		what string
		err  error
	}
	msgMended  struct{ text string } // a failure was put right
	msgSpawned struct {
		w    *worker
		p    *proc.Process
		ch   channel
		errs *lineReader
		err  error
	}
	msgRead struct {
		w    *worker
		msgs []ipc.Message
		buf  []ipc.Message // the reader's buffer, which the reader waits for; nil = more messages of the buffer follow
		last bool
	}
	msgChanEnd struct {
		w   *worker
		err error
	}
	msgGone   struct{ w *worker } // its process has ended; its output may still be read
	msgExited struct {
		w    *worker
		exit *ExitDetail
	}
	msgOrphans struct { // a signal was sent to processes a worker has left
		w *worker // nil = several workers
		d OrphansDetail
	}
	msgTidied struct{} // all workers have ended, and nothing of them is left
	msgOutput struct {
		w      *worker
		stream string
		lines  []outLine
	}
	msgSampled      struct{ s samples }
	msgHandleClosed struct {
		w   *worker
		key json.RawMessage
	}
	msgCounted struct { // a worker was stopped to be killed, with these connections open
		w     *worker
		conns map[uint32]sock.Verdict
	}
)

func (msgRun) isMsg()          {}
func (msgStop) isMsg()         {}
func (msgSetup) isMsg()        {}
func (msgFork) isMsg()         {}
func (*msgAccepted) isMsg()    {}
func (msgFailed) isMsg()       {}
func (msgMended) isMsg()       {}
func (msgSpawned) isMsg()      {}
func (*msgRead) isMsg()        {}
func (msgChanEnd) isMsg()      {}
func (msgGone) isMsg()         {}
func (msgExited) isMsg()       {}
func (msgOrphans) isMsg()      {}
func (msgTidied) isMsg()       {}
func (msgOutput) isMsg()       {}
func (msgSampled) isMsg()      {}
func (msgCounted) isMsg()      {}
func (msgHandleClosed) isMsg() {}
