//go:build !windows

package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// loadServers are what the script of muster load sends to: SERVER answers,
// HOSTILE sends what a terminal would obey, and nobody has the port NOBODY.
func loadServers(env *testscript.Env) error {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Muster-Worker", "1 (pid 1)")
	}))
	env.Defer(good.Close)
	env.Setenv("SERVER", good.URL)

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
