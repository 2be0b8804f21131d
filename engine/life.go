package engine

import "syscall"

// life is a worker's life as the rules see it. step moves it; the loop carries
// out the effects. Pure: no process, channel or clock.
//
// forked -> online -> listening -> (disconnecting) -> disconnected -> exited;
// each event once, and exit only after disconnect.
type life struct {
	state State
	// voluntary is Node's exitedAfterDisconnect, unset until it is known.
	voluntary tri
	leaving   bool // out of the rotation for good
	chanEnded bool
	gone      bool // the process is known to be gone; its output may still be read
	procEnded bool
}

type tri int8

const (
	unset tri = iota
	yes
	no
)

// pointer is t in the form of a snapshot: nil = unset.
func (t tri) pointer() *bool {
	if t == unset {
		return nil
	}
	v := t == yes
	return &v
}

// input is what can happen to a worker.
type input int

const (
	inOnline    input = iota // it said so
	inListening              // a server of it listens
	inOrder                  // the primary tells it to disconnect
	inAnnounce               // it said exitedAfterDisconnect: it leaves by itself
	inKill                   // a signal through the API that is meant to end it
	inChanEnd                // the channel has ended, everything in it was read
	inGone                   // the process is gone
	inProcEnd                // the process is gone, and its output was read
)

// effect is what the loop has to do, in order.
type effect int

const (
	fxOnline       effect = iota // publish online
	fxListening                  // its first server listens
	fxLeave                      // take it out of the rotation
	fxRelease                    // every answer was read: the worker uses no server any more
	fxSettle                     // every answer was read and the process is gone: deal unanswered hand-offs again
	fxDisconnect                 // publish disconnect
	fxExit                       // publish exit; the worker is gone
	fxAwaitChannel               // the process has ended first: wait for the channel's end, 1 s at most
)

func (l life) step(in input) (life, []effect) {
	if l.state == StateExited {
		return l, nil
	}
	switch in {
	case inOnline:
		if l.state != StateForked {
			return l, nil
		}
		l.state = StateOnline
		return l, []effect{fxOnline}

	case inListening:
		if l.leaving || l.chanEnded || l.state == StateListening {
			return l, nil
		}
		l.state = StateListening
		return l, []effect{fxListening}

	case inOrder, inAnnounce:
		if l.chanEnded {
			return l, nil
		}
		l.voluntary = yes
		l.state = StateDisconnecting
		return l.leave(nil)

	case inKill:
		l.voluntary = yes
		return l, nil

	case inChanEnd:
		if l.chanEnded {
			return l, nil
		}
		l.chanEnded = true
		if l.voluntary == unset {
			l.voluntary = no
		}
		l.state = StateDisconnected
		l, fx := l.leave(nil)
		fx = append(fx, fxRelease)
		if l.gone {
			fx = append(fx, fxSettle)
		}
		fx = append(fx, fxDisconnect)
		if l.procEnded {
			l.state = StateExited
			fx = append(fx, fxExit)
		}
		return l, fx

	case inGone:
		return l.vanish()

	case inProcEnd:
		if l.procEnded {
			return l, nil
		}
		l, fx := l.vanish()
		l.procEnded = true
		if l.voluntary == unset {
			l.voluntary = no
		}
		if l.chanEnded {
			l.state = StateExited
			return l, append(fx, fxExit)
		}
		l, fx = l.leave(fx)
		return l, append(fx, fxAwaitChannel)
	}
	return l, nil
}

// vanish takes in that the process is gone. Only from then on nobody can read
// what the channel still holds.
func (l life) vanish() (life, []effect) {
	if l.gone {
		return l, nil
	}
	l.gone = true
	if l.chanEnded {
		return l, []effect{fxSettle}
	}
	return l, nil
}

func (l life) leave(fx []effect) (life, []effect) {
	if l.leaving {
		return l, fx
	}
	l.leaving = true
	return l, append(fx, fxLeave)
}

// endsWorker tells whether a signal sent through the API counts as a kill. Stop, continue
// and the signals programs use among themselves do not.
func endsWorker(sig syscall.Signal) bool {
	switch sig {
	case syscall.SIGSTOP, syscall.SIGCONT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH:
		return false
	}
	return true
}
