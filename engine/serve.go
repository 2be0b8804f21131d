package engine

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"
)

// Serve makes a cluster of a program: one worker process per processor serves
// h on addr (as "127.0.0.1:3000", ":3000", "unix:/run/app.sock").
//
// Serve starts this very program again as the workers. So everything before the
// call, including init functions, happens in every worker too: call Serve as
// early in main as h allows, and do not open a port, take a lock or write a
// file meant to exist once before it. Workers share the primary's standard
// output and error.
//
// In the primary it returns nil once ctx has ended and every worker has left:
// they finish the requests they have, for five seconds at most. Pass a context
// of signal.NotifyContext, or an interrupt cuts every connection. A worker that
// dies is replaced; see Cluster for details. In a worker Serve returns nil when
// the worker was told to leave and has served its connections, so that main can
// end; there ctx has no effect, and SIGTERM and SIGINT end the worker at once,
// like a Node worker.
//
// In a primary the error is that of New: for an address that cannot be opened
// it is an *AddrError. For other options use New and Run in the primary, Listen
// and ServeHTTP in the workers. tui.Serve is the same with the dashboard.
func Serve(ctx context.Context, addr string, h http.Handler) error {
	worker, err := Role()
	switch {
	case err != nil:
		return err
	case worker:
		return serveWorker(h)
	}
	c, err := New(ServeOptions(addr))
	if err != nil {
		return err
	}
	return c.Run(ctx)
}

// ServeOptions are the options Serve runs a cluster with: the workers have this
// process's standard streams, five seconds to leave, ten to answer before they
// are killed, thirty to come up in a restart.
func ServeOptions(addr string) Options {
	return Options{
		Addr:     addr,
		Settings: Settings{Stdio: []Stdio{StdioIgnore, StdioInherit, StdioInherit}},
		Grace:    5 * time.Second,
		Stall:    10 * time.Second,

		ReadyTimeout: 30 * time.Second,
	}
}

// serveWorker is Serve in a worker.
func serveWorker(h http.Handler) error {
	// A program that catches signals to end ctx does so in its workers too.
	signal.Reset()
	c := Self()
	ln, err := listenSpec(os.Getenv(envAddr))
	if err != nil {
		select {
		case <-c.Leaving(): // told to leave before it listened
			return nil
		default:
		}
		return fmt.Errorf("worker %d: %w", c.ID(), err)
	}
	err = ServeHTTP(ln, &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
	})
	if err != nil {
		return fmt.Errorf("worker %d: %w", c.ID(), err)
	}
	return nil
}

// listenSpec listens on an address in the form of Options.Addr.
func listenSpec(spec string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(spec, "unix:"); ok {
		return Listen("unix", path)
	}
	return Listen("tcp", spec)
}
