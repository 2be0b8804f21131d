package parity

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"muster/engine"
)

// httpSeen is what a handler sees of its connection.
type httpSeen struct{ Worker, Remote, LocalNetwork, Local string }

// portHTTP serves HTTP on a path.
func portHTTP(c *engine.Child) int {
	ln, err := engine.Listen("unix", os.Getenv(portEnv))
	portMust(err)
	portMust(c.Send("serving"))
	portMust(engine.ServeHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := httpSeen{Remote: r.RemoteAddr}
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			seen.LocalNetwork, seen.Local = local.Network(), local.String()
		}
		_ = json.NewEncoder(w).Encode(seen) // the client misses it
	})}))
	return 0
}

// HTTP works on the path of a unix socket. Neither end of such a connection has
// a host or a port: a client has no address, and the server's is the path. (In Node
// both are undefined; Go's net.Addr is never nil.)
func TestHTTPPipe(t *testing.T) {
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		path := filepath.Join(t.TempDir(), "http.sock")
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-http", portEnv+"="+path)
		portHear[string](w)
		transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: patience}
		resp, err := client.Get("http://worker/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var seen httpSeen
		if err := json.NewDecoder(resp.Body).Decode(&seen); err != nil {
			t.Fatal(err)
		}
		if seen.LocalNetwork != "unix" || seen.Local != path {
			t.Errorf("the server's address is %q %q, want unix and the path", seen.LocalNetwork, seen.Local)
		}
		if _, err := netip.ParseAddrPort(seen.Remote); err == nil || len(seen.Remote) > 1 {
			t.Errorf("the client's address is %q, want none", seen.Remote)
		}
		transport.CloseIdleConnections()
		w.leaves()
	})
}

// ReadableAll and WritableAll open the path of a unix socket to all users. It is
// the primary that makes the path, so it is the primary's umask that counts, and
// the primary that removes it.
func TestListenPipeReadableWritable(t *testing.T) {
	withUmask(t, 0o022)
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		dir := t.TempDir()
		c := portCluster(t, policy(p))
		w := portFork(t, c, "port-server")
		for name, tt := range map[string]struct {
			how  engine.ListenConfig
			mode os.FileMode
		}{
			"neither": {engine.ListenConfig{}, 0o755},
			"write":   {engine.ListenConfig{WritableAll: true}, 0o777},
			"both":    {engine.ListenConfig{ReadableAll: true, WritableAll: true}, 0o777},
		} {
			path := filepath.Join(dir, name)
			w.does(portOrder{Do: "listen", Network: "unix", Address: path, Config: tt.how})
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != tt.mode {
				t.Errorf("%s: mode %v, want %v", name, got, tt.mode)
			}
			answersID(t, "unix", path, w)
		}
		w.leaves()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("the cluster left %v, %v", left, err)
		}
	})
}

// withUmask sets the mask of new files for the rest of the test.
func withUmask(t *testing.T, mask int) {
	t.Helper()
	was := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(was) })
}
