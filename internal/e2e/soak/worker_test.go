//go:build linux

package soak

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine"
)

// noFileEnv is a limit of the worker's descriptors.
const noFileEnv = "SOAK_NOFILE"

// TestMain lets this binary be a worker of its own cluster.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case worker:
		os.Exit(serveAsWorker())
	}
	os.Exit(m.Run())
}

// served is a connection as its worker knows it.
type served struct {
	id       uint64
	requests atomic.Uint64
}

type servedKey struct{}

// serveAsWorker answers each request with a number nobody else knows, who it is,
// which of its connections it came on, how many came on that before, and the
// request's own name. testdata/server.js does the same.
func serveAsWorker() int {
	if n, err := strconv.ParseUint(os.Getenv(noFileEnv), 10, 64); err == nil {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	secret := rand.Text()
	var conns atomic.Uint64
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if ms, err := strconv.Atoi(r.FormValue("ms")); err == nil {
			<-time.After(time.Duration(ms) * time.Millisecond) // a slow handler
		}
		on := r.Context().Value(servedKey{}).(*served)
		fmt.Fprintf(w, "%s %d go %d %d %s", secret, engine.Self().ID(), on.id, on.requests.Add(1), r.Header.Get("Request"))
	})
	mux.HandleFunc("/fault/{name}", func(_ http.ResponseWriter, r *http.Request) { fault(r.PathValue("name"), r.FormValue("with")) })
	srv := &http.Server{Handler: mux, ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, servedKey{}, &served{id: conns.Add(1)})
	}}
	ln, err := engine.Listen("tcp", os.Getenv("SOAK_ADDR"))
	if err == nil {
		err = engine.ServeHTTP(ln, srv)
	}
	select {
	case <-engine.Self().Leaving(): // perhaps before it was there
		return 0
	default:
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// fault does something to the channel, past the engine, or to the process.
func fault(name, with string) {
	const channel = 3
	write := func(s string) { _, _ = unix.Write(channel, []byte(s)) }
	switch name {
	case "garbage":
		write(with + "\n")
	case "cut": // within a frame
		write(`{"cmd":"NODE_CLU`)
		_ = unix.Shutdown(channel, unix.SHUT_WR)
	case "half": // what it says is not heard any more
		_ = unix.Shutdown(channel, unix.SHUT_WR)
	case "deaf": // it hears nothing any more
		_ = unix.Shutdown(channel, unix.SHUT_RD)
	case "odd": // answers that nobody awaits
		write(`{"cmd":"NODE_CLUSTER","ack":999999999,"accepted":true}` + "\n")
		write(`{"cmd":"NODE_CLUSTER","ack":999999998,"accepted":false}` + "\n")
		write(`{"cmd":"NODE_CLUSTER","act":"close","key":"none","seq":-1}` + "\n")
	case "panic":
		go panic("asked for")
		select {}
	case "exit":
		os.Exit(3)
	}
}
