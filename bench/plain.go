package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/engine/demo"
)

// plainEnv, in the environment of this program, makes it the server that the
// policies are compared with: net/http on a socket with SO_REUSEPORT, without any
// cluster. Its value is the address.
const plainEnv = "MUSTER_BENCH_PLAIN"

// servePlain answers as muster's built-in workers do, until SIGTERM. It returns the
// exit code.
func servePlain(addr string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		}), err)
	}}
	lc.SetMultipathTCP(false) // as muster's sockets
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	fmt.Println("ready")
	name := fmt.Sprintf("1 (pid %d)", os.Getpid())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Muster-Worker", name)
		_, _ = io.WriteString(w, demo.Page)
	})}
	go func() { // ends with the context
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		return exitFailed
	}
	return 0
}

// startPlain starts n such servers on one free port.
func (s *suite) startPlain(ctx context.Context, n int) (all []*child, addr string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", fmt.Errorf("finding this program: %w", err)
	}
	if addr, err = freePort(); err != nil {
		return nil, "", err
	}
	for range n {
		c := newChild(self)
		c.cmd.Env = append(os.Environ(), plainEnv+"="+addr, "GOMAXPROCS=1")
		out, err := c.cmd.StdoutPipe()
		if err == nil {
			err = c.cmd.Start()
		}
		if err != nil {
			return all, "", fmt.Errorf("starting a plain server: %w", err)
		}
		all = append(all, c)
		ready := make(chan struct{})
		c.wait(func() {
			lines := bufio.NewScanner(out)
			if lines.Scan() {
				close(ready)
			}
			_, _ = io.Copy(io.Discard, out)
		})
		select {
		case <-ready:
		case <-c.done:
			return all, "", c.failed()
		case <-ctx.Done():
			return all, "", ctx.Err()
		}
	}
	return all, addr, nil
}
