// Command ttyd stands in for the program of that name, as far as vhs needs it:
// it shows one command's terminal on a web page, for one visitor, and ends with
// the visit. tools/demo.sh builds it where no real ttyd is installed.
//
// The scripts of the page are not part of it: they are npm's packages, and lie
// in the directory node_modules beside the program.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
)

// version has to be one that vhs takes for new enough.
const version = "ttyd version 1.7.7-muster"

// patience is how long a visitor may take to come.
const patience = time.Minute

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ttyd:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil || o.version {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the page's scripts: %w", err)
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(o.host, fmt.Sprint(o.port)))
	if err != nil {
		return fmt.Errorf("serving the page: %w", err)
	}
	return serve(ln, newSession(o.command, os.DirFS(filepath.Join(filepath.Dir(exe), "node_modules"))), patience)
}

// options are what vhs calls ttyd with.
type options struct {
	version bool
	host    string
	port    uint16
	command []string
}

// parse reads the command line. What the real ttyd knows and this one does
// anyway, or cannot, is accepted and means nothing.
func parse(args []string) (options, error) {
	var o options
	f := pflag.NewFlagSet("ttyd", pflag.ContinueOnError)
	f.SetInterspersed(false) // the command's flags are its own
	f.BoolVar(&o.version, "version", false, "print the version")
	f.StringVar(&o.host, "interface", "127.0.0.1", "the address to serve on: this machine's own, whoever comes gets a shell")
	f.Uint16Var(&o.port, "port", 7681, "the port to serve on")
	f.StringArrayP("client-option", "t", nil, "ignored")
	f.Bool("once", true, "ignored: it always serves one visitor")
	f.Bool("writable", true, "ignored: it always takes keys")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.version {
		fmt.Println(version)
		return o, nil
	}
	o.command = f.Args()
	ip := net.ParseIP(o.host)
	switch {
	case ip == nil || !ip.IsLoopback():
		return o, fmt.Errorf("--interface %q: must be a loopback address", o.host)
	case len(o.command) == 0:
		return o, errors.New("no command to run")
	}
	return o, nil
}

// serve shows the session on ln until its visitor has gone, or none has come
// for as long as wait.
func serve(ln net.Listener, s *session, wait time.Duration) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }() // ends with Shutdown or Close below
	nobody := time.NewTimer(wait)
	defer nobody.Stop()
	visited := s.visited
	for {
		select {
		case <-visited:
			nobody.Stop()
			visited = nil
		case <-s.over:
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			if err := server.Shutdown(ctx); err != nil {
				server.Close() // a visitor who keeps a connection busy is not waited for
			}
			return s.err
		case <-nobody.C:
			server.Close()
			return fmt.Errorf("nobody came for %v", wait)
		case err := <-served:
			return fmt.Errorf("serving the page: %w", err)
		}
	}
}
