package engine

import (
	"context"
	"net/netip"
	"os"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
)

// system is the system calls of the loop that run aside or on a thread of their
// own. kernel is the real system.
type system interface {
	// start starts a worker's process and makes its channel; ends are the
	// primary's ends of its three streams, nil if there is none. It is called
	// only on the spawner's thread.
	start(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, ch channel, ends [3]*os.File, err error)
	// resolve turns a host's name into an address to listen on.
	resolve(ctx context.Context, host string) (netip.Addr, error)
	// openPath opens a unix socket. Its error is an *AddrError.
	openPath(a Address, o sock.Options) (*sock.Port, error)
	// explain is err as an *AddrError of a, with the process that holds a.
	explain(a Address, err error) *AddrError
	// quiet is Port.Quiet, close Port.Close.
	quiet(p *sock.Port) error
	close(p *sock.Port) error
	putBack(n *sock.Name) (lost bool, err error)
	// inspect adds what /proc and the file system know.
	inspect(d *Details)
	// debugger is debuggerOf.
	debugger(pid, inspector int) string
	// closeFD closes a descriptor that a worker has, or had, too.
	closeFD(fd int)
}
