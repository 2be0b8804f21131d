package loadcmd

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"muster/internal/load"
	"muster/internal/nodecmd"
)

// target is the target of a load.
type target struct {
	addr  string // "host:port", "unix:PATH" or "abstract:NAME"
	path  string // path and query, as they are sent
	https bool
}

// String is the target as people write it.
func (t target) String() string {
	switch {
	case t.socket() && t.path == "/":
		return t.addr
	case t.socket():
		return t.addr + " path " + t.path
	case t.https:
		return "https://" + t.addr + t.path
	}
	return "http://" + t.addr + t.path
}

// socket tells whether it is a unix socket.
func (t target) socket() bool {
	return strings.HasPrefix(t.addr, "unix:") || strings.HasPrefix(t.addr, "abstract:")
}

// parseTarget takes a URL, or unix:PATH, apart. The scheme and the host may be
// left out: ":8080/page" and "8080" are on this machine.
func parseTarget(s string) (target, error) {
	if t := (target{addr: s, path: "/"}); t.socket() {
		if _, name, _ := strings.Cut(s, ":"); name == "" {
			return target{}, fmt.Errorf("TARGET %q: no path of a socket, as in unix:/run/app.sock", s)
		}
		return t, nil
	}
	if err := schemeAndMore(s); err != nil {
		return target{}, err
	}
	full := s
	if !strings.Contains(s, "://") {
		host, rest, _ := strings.Cut(s, "/")
		if host != "" && strings.Trim(host, "0123456789") == "" {
			host = ":" + host
		}
		full = "http://" + host + "/" + rest
	}
	u, err := url.Parse(full)
	if err != nil {
		var why *url.Error
		if errors.As(err, &why) {
			err = why.Err // without the URL, which the message names already
		}
		return target{}, fmt.Errorf("URL %q: %w", s, err)
	}
	t := target{path: load.RequestPath(u), https: u.Scheme == "https"}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return target{}, fmt.Errorf("URL %q: must begin with http://, https:// or unix:PATH", s)
	case u.User != nil:
		return target{}, fmt.Errorf("URL %q: a user name is not sent; give it with --header 'Authorization: Basic CREDENTIALS'", s)
	case u.Host == "":
		return target{}, fmt.Errorf("URL %q: no host, as in http://127.0.0.1:3000/", s)
	}
	host, port := u.Hostname(), u.Port()
	if host == "unix" || host == "abstract" { // joined with its port it would read as a socket
		return target{}, fmt.Errorf("URL %q: a host cannot be named %s here; give its IP address, or unix:PATH for a socket", s, host)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" {
		port = "80"
		if t.https {
			port = "443"
		}
	}
	t.addr = net.JoinHostPort(host, port)
	return t, nil
}

// schemeAndMore splits off the scheme. It refuses a scheme before a socket,
// which would make "unix" a host, and a scheme without its slashes.
func schemeAndMore(s string) error {
	scheme, rest, found := strings.Cut(s, ":")
	scheme = strings.ToLower(scheme)
	if !found || scheme != "http" && scheme != "https" {
		return nil
	}
	after := strings.TrimLeft(rest, "/")
	for _, kind := range []string{"unix:", "abstract:"} {
		name, ok := strings.CutPrefix(after, kind)
		if !ok {
			continue
		}
		name, path, _ := strings.Cut(name, ":/") // other programs write the path of the page like this
		if name == "" {
			name = "/run/app.sock"
		}
		use := nodecmd.Quote(kind + name)
		if path != "" {
			use += " --path " + nodecmd.Quote("/"+path)
		}
		why := "a socket has no scheme"
		if scheme == "https" {
			why = "TLS is not spoken on a socket"
		}
		return fmt.Errorf("TARGET %q: %s; use %s", s, why, use)
	}
	if !strings.HasPrefix(rest, "//") && strings.Trim(hostPort(after), "0123456789") != "" {
		return fmt.Errorf("URL %q: // is missing; use %s", s, nodecmd.Quote(scheme+"://"+after))
	}
	return nil
}

// hostPort is the part before a path.
func hostPort(s string) string {
	host, _, _ := strings.Cut(s, "/")
	return host
}
