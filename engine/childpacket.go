package engine

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"muster/ipc"
)

// packetConn is the UDP socket all workers share.
type packetConn struct {
	*net.UDPConn
	open *openSet
	back func() // gives the address back
}

// Close stops receiving here and tells the primary. The socket lives on as long
// as another worker has it.
func (p *packetConn) Close() error {
	if err := p.UDPConn.Close(); err != nil {
		return err // it was closed before
	}
	p.open.forget(p, "")
	p.back()
	return nil
}

func (a *addresses) listenPacket(lc ListenConfig, network, address string) (net.PacketConn, error) {
	q, addr, err := lc.packetQuery(network, address)
	if err != nil {
		return nil, a.listenError(network, namedAddr{network, address}, err)
	}
	m, back, err := a.bind(&q)
	if err != nil {
		return nil, a.listenError(network, addr, err)
	}
	conn, err := packetOf(m.FD)
	if err != nil {
		back()
		return nil, a.listenError(network, addr, err)
	}
	p := &packetConn{conn, a.open, back}
	if !a.open.adopt(p, "", nil) {
		_ = p.Close()
		return nil, a.listenError(network, addr, net.ErrClosed)
	}
	if local, ok := p.LocalAddr().(*net.UDPAddr); ok {
		q.Port = local.Port
	}
	a.questions.say(ipc.Listening{Seq: a.questions.nextSeq(), Query: q})
	return p, nil
}

// packetOf takes over the shared socket.
func packetOf(fd int) (*net.UDPConn, error) {
	if fd < 0 {
		return nil, fmt.Errorf("the primary sent no UDP socket: %w", unix.EPROTO)
	}
	f := os.NewFile(uintptr(fd), "udp")
	defer f.Close()
	// As in share: a process that makes the socket blocking does so for all
	// processes.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	conn, err := net.FilePacketConn(f)
	if err != nil {
		return nil, err
	}
	udp, ok := conn.(*net.UDPConn)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("the primary sent a %T for UDP: %w", conn, unix.EPROTO)
	}
	return udp, nil
}
