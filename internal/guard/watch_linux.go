package guard

import (
	"strconv"
	"syscall"
	"unsafe"
)

// The numbers of newer system calls, the same on every architecture.
const (
	sysPidfdSendSignal = 424
	sysPidfdOpen       = 434
	sysCloseRange      = 436
)

// toGroup sends a signal through a pidfd to the group its process leads or led:
// never to another group that got the number. Linux has it since 6.9.
const toGroup = 1 << 2 // PIDFD_SIGNAL_PROCESS_GROUP

func init() {
	v, ok := syscall.Getenv(Env)
	if !ok {
		return
	}
	c, ok := parse(v)
	if !ok || !isSocket(FD) {
		_, _ = syscall.Write(2, []byte(Env+" is set, but not by a primary that starts its guard: unset it\n"))
		syscall.Exit(2)
	}
	settle(c.Primary)
	g := guard{Charge: c}
	g.watch()
	g.finish()
	syscall.Exit(0)
}

func isSocket(fd int) bool {
	typ, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	return err == nil && typ == syscall.SOCK_SEQPACKET
}

// settle detaches the guard from what it inherited. Signals that are sent to
// all processes of a program (systemd's SIGTERM, pkill) are for the primary to
// act on.
func settle(primary int) {
	_ = syscall.Chdir("/")
	_, _, _ = syscall.Syscall(sysCloseRange, FD+1, uintptr(^uint32(0)), 0)
	// The name pkill sees: a pkill by the program's name is not meant for the
	// guard.
	name := append([]byte("guard-"+strconv.Itoa(primary)), 0)
	_, _, _ = syscall.Syscall(syscall.SYS_PRCTL, syscall.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0)
	// The kernel's struct sigaction: SIG_IGN comes first and the rest is 0.
	ignore := [8]uint64{1}
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGTERM,
	} {
		_, _, _ = syscall.Syscall6(syscall.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&ignore)), 0, 8, 0, 0)
	}
}

// worker is a process to end. Its group has its number.
type worker struct {
	pid, pidfd int // -1 = there was no room for its pidfd
}

type guard struct {
	Charge
	workers []worker
	environ [1 << 16]byte // what is read of one environment
}

type pollFD struct {
	fd      int32
	events  int16
	revents int16
}

const pollIn = 1

// watch follows what the primary says, and returns when the primary is gone.
func (g *guard) watch() {
	primary, err := pidfdOpen(g.Primary)
	if syscall.Getppid() != g.Primary || err == syscall.ESRCH {
		return // the primary has gone already
	}
	// The end of the socket does not prove that the primary is gone: a program
	// may close descriptors that are not its own.
	fds := [2]pollFD{{fd: int32(primary), events: pollIn}, {fd: FD, events: pollIn}}
	for {
		fds[0].revents, fds[1].revents = 0, 0
		_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&fds)), uintptr(len(fds)), 0, 0, 0, 0)
		if errno != 0 && errno != syscall.EINTR {
			return
		}
		if fds[1].revents != 0 && !g.receive() {
			if primary < 0 {
				return
			}
			fds[1].fd = -1
		}
		if fds[0].revents != 0 && fds[1].revents == 0 { // all the primary has said is read
			return
		}
	}
}

// receive reads one packet; false = no more will come.
func (g *guard) receive() bool {
	var b [32]byte
	var oob [64]byte
	n, oobn, _, _, err := syscall.Recvmsg(FD, b[:], oob[:], syscall.MSG_CMSG_CLOEXEC)
	if err == syscall.EINTR {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	fd := -1
	cmsgs, _ := syscall.ParseSocketControlMessage(oob[:oobn])
	for i := range cmsgs {
		if fds, err := syscall.ParseUnixRights(&cmsgs[i]); err == nil && len(fds) == 1 {
			fd = fds[0]
		}
	}
	what, pid, ok := parsePacket(b[:n])
	switch {
	case !ok:
		_ = syscall.Close(fd)
	case what == started:
		g.workers = append(g.workers, worker{pid, fd})
	default:
		for i, w := range g.workers {
			if w.pid == pid {
				_ = syscall.Close(w.pidfd)
				last := len(g.workers) - 1
				g.workers[i] = g.workers[last]
				g.workers = g.workers[:last]
				break
			}
		}
	}
	return true
}

// finish ends all that is to be ended.
func (g *guard) finish() {
	for _, w := range g.workers {
		if w.pidfd < 0 {
			continue
		}
		pidfdKill(w.pidfd, 0)
		if g.Reach != Workers {
			pidfdKill(w.pidfd, toGroup)
		}
	}
	if g.Reach == Workers {
		return
	}
	// A process in the middle of an exec has no environment for an instant, so
	// two looks in a row must find nothing.
	const looks, pause = 200, 10e6 // 2 s: what SIGKILL has not ended by then hangs in the kernel
	for n, quiet := 0, 0; n < looks && quiet < 2; n++ {
		if n > 0 {
			_ = syscall.Nanosleep(&syscall.Timespec{Nsec: pause}, nil)
		}
		quiet++
		if g.sweep() > 0 {
			quiet = 0
		}
	}
}

func pidfdOpen(pid int) (fd int, err error) {
	r, _, errno := syscall.Syscall(sysPidfdOpen, uintptr(pid), 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(r), nil
}

func pidfdKill(fd int, flags uintptr) {
	_, _, _ = syscall.Syscall6(sysPidfdSendSignal, uintptr(fd), uintptr(syscall.SIGKILL), 0, flags, 0, 0)
}
