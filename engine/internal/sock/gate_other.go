//go:build !linux

package sock

import (
	"errors"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	maxBacklog  = unix.SOMAXCONN
	MaxUnixPath = 103 // sun_path is 104 bytes here, with the NUL
)

var errNoGate = errors.New("there is no SO_ATTACH_REUSEPORT_CBPF here")

// NewSocket makes a non-blocking, close-on-exec socket. The lock keeps a fork
// from inheriting the socket before it is close-on-exec.
func NewSocket(family, typ, proto int) (int, error) {
	syscall.ForkLock.RLock()
	fd, err := unix.Socket(family, typ, proto)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("fcntl O_NONBLOCK", err)
	}
	return fd, nil
}

// Accept takes one connection, non-blocking and close-on-exec. The error is
// a bare errno.
func Accept(fd int) (int, netip.AddrPort, error) {
	syscall.ForkLock.RLock()
	n, sa, err := unix.Accept(fd)
	if err == nil {
		unix.CloseOnExec(n)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	if err := unix.SetNonblock(n, true); err != nil {
		_ = unix.Close(n)
		return -1, netip.AddrPort{}, err
	}
	return n, addrPortOf(sa), nil
}

func prepareGate(int) error        { return errNoGate }
func setReusePort(int, bool) error { return errNoGate }
func attachGate(int, Way) error    { return errNoGate }

type turns struct{}

func (turns) attach(int, Way) error { return errNoGate }
func (turns) close()                {}

func refuseNew(fd int) error { return os.NewSyscallError("listen", unix.Listen(fd, 0)) }

func queued(int) int    { return 0 }
func shutDown(int) bool { return false }
func peerPID(int) int   { return 0 }

// whyNoGate is the sentence for the user when prepareGate failed.
func whyNoGate(error) string {
	return "the policy is fixed when the server starts to listen: changing it while it runs needs Linux"
}
