//go:build !windows

package main

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// loadServers are what the script of muster load sends to: SERVER answers, PATHS
// as its paths say, SECURE the same over TLS and the file "socket" on a socket,
// HOSTILE sends what a terminal would obey, and nobody has the port NOBODY.
func loadServers(env *testscript.Env) error {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Muster-Worker", "1 (pid 1)")
	}))
	env.Defer(good.Close)
	env.Setenv("SERVER", good.URL)

	// PATHS answers with the status in the path, and with what was sent to it.
	paths := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, err := strconv.Atoi(strings.Trim(r.URL.Path, "/"))
		if err != nil {
			status = http.StatusOK
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Muster-Worker", r.Method+"-"+r.Header.Get("X-Mark")+"-"+string(body)+"-"+r.Host)
		w.WriteHeader(status)
	})
	some := httptest.NewServer(paths)
	env.Defer(some.Close)
	env.Setenv("PATHS", some.URL)
	secure := httptest.NewUnstartedServer(paths)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	env.Defer(secure.Close)
	env.Setenv("SECURE", secure.Listener.Addr().String())
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), cert, 0o600); err != nil {
		return err
	}
	socket, err := net.Listen("unix", filepath.Join(env.WorkDir, "socket"))
	if err != nil {
		return err
	}
	onSocket := &http.Server{Handler: paths}
	env.Defer(func() { onSocket.Close() })
	go onSocket.Serve(socket) // ends with Close

	hostile, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	env.Defer(func() { hostile.Close() })
	env.Setenv("HOSTILE", portOfListener(hostile))
	go func() { // ends with the listener
		for {
			conn, err := hostile.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 \x1b[2J\x1b]0;x\x07 \xc2\x9b31m\r\n\r\n")) // the client may be gone
			conn.Close()
		}
	}()

	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	env.Setenv("NOBODY", portOfListener(nobody))
	return nobody.Close()
}

func portOfListener(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }
