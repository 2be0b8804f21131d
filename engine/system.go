package engine

import (
	"context"
	"net/netip"
	"os"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
)

// system is what the loop has the system do, aside or on a thread of its own.
// kernel is the real one.
type system interface {
	// start starts a worker's process and makes its channel; ends are our ends of
	// its three streams, nil where there is none. It is called on the spawner's
	// thread alone.
	start(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, ch channel, ends [3]*os.File, err error)
	// resolve makes an address to listen on of a host's name.
	resolve(ctx context.Context, host string) (netip.Addr, error)
	// openPath opens a unix socket. Its error is an *AddrError.
	openPath(a Address, o sock.Options) (*sock.Port, error)
	// explain is err as the address's, with who holds it.
	explain(a Address, err error) *AddrError
	// quiet is Port.Quiet, close Port.Close.
	quiet(p *sock.Port) error
	close(p *sock.Port) error
	putBack(n *sock.Name) (lost bool, err error)
	// inspect adds what /proc and the file system know.
	inspect(d *Details)
	// debugger is debuggerOf.
	debugger(pid, inspector int) string
	// closeFD closes a descriptor that is a worker's too, or was its.
	closeFD(fd int)
}
