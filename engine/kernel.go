package engine

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"muster/engine/internal/proc"
	"muster/engine/internal/sock"
	"muster/ipc"
)

// kernel is the real system.
type kernel struct{}

func (kernel) resolve(ctx context.Context, host string) (netip.Addr, error) {
	return sock.Resolve(ctx, host)
}
func (kernel) openPath(a Address, o sock.Options) (*sock.Port, error) { return openPort(a, o) }
func (kernel) explain(a Address, err error) *AddrError                { return addrError(a, err) }
func (kernel) quiet(p *sock.Port) error                               { return p.Quiet() }
func (kernel) close(p *sock.Port) error                               { return p.Close() }
func (kernel) putBack(n *sock.Name) (bool, error)                     { return n.PutBack() }
func (kernel) inspect(d *Details)                                     { d.look() }
func (kernel) debugger(pid, inspector int) string                     { return debuggerOf(pid, inspector) }
func (kernel) closeFD(fd int)                                         { _ = unix.Close(fd) }

func (kernel) start(spec proc.Spec, stdio [3]Stdio) (p *proc.Process, _ channel, ends [3]*os.File, err error) {
	var ch *ipc.Conn
	var files []*os.File // of the child: closed here in any case
	defer func() {
		for _, f := range files {
			f.Close()
		}
		if err != nil {
			if ch != nil {
				ch.Close()
			}
			for _, f := range ends {
				f.Close() // a nil *os.File may be closed
			}
			ends = [3]*os.File{}
		}
	}()
	own := [3]*os.File{os.Stdin, os.Stdout, os.Stderr}
	for i, of := range []**os.File{&spec.Stdin, &spec.Stdout, &spec.Stderr} {
		switch mode := stdio[i]; {
		case mode == StdioInherit:
			*of = own[i]
		case i == 0 && mode != StdioPipe: // none
		case mode == StdioIgnore:
			if *of, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
				return nil, nil, ends, fmt.Errorf("its %s: %w", streams[i], err)
			}
			files = append(files, *of)
		default:
			theirs, ours, perr := os.Pipe()
			if perr != nil {
				return nil, nil, ends, fmt.Errorf("pipe for its %s: %w", streams[i], perr)
			}
			if i > 0 {
				theirs, ours = ours, theirs
			}
			*of, ends[i] = theirs, ours
			files = append(files, theirs)
		}
	}
	ch, spec.Channel, err = ipc.Pair()
	if err != nil {
		return nil, nil, ends, fmt.Errorf("channel: %w", err)
	}
	files = append(files, spec.Channel)
	if p, err = proc.Start(spec); err != nil {
		return nil, nil, ends, err
	}
	return p, ch, ends, nil
}
