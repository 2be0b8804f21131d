package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Options says what to send where, and when to stop. Only Addr is required.
// A run ends when Duration is over, Requests are sent or the context ends,
// whichever comes first.
type Options struct {
	Addr     string // "host:port", ":port" or "port" (127.0.0.1), or "unix:PATH"
	Anywhere bool   // allow an Addr that is not this machine; default loopback only

	Path        string        // path and query of every request; default "/"
	Concurrency int           // clients, each with one request at a time; default 1
	KeepAlive   bool          // send the next request on the same connection, as long as the server keeps it
	Think       time.Duration // pause of a client between an answer and its next request; default none
	Duration    time.Duration // send for this long; 0 = no limit
	Requests    int           // send this many in all; 0 = no limit
	Timeout     time.Duration // of one request, connecting included; default 10 s
	MaxAnswer   int64         // bytes of one answer with its header; a longer one is wrong; default 16 MiB

	// Expect returns nil if the answer is right, else what is wrong with it.
	// Default: the status is 200. It is called by every client's goroutine.
	Expect func(*Answer) error
	// ExpectBody is the exact body of a right answer, checked before Expect;
	// "" = any.
	ExpectBody string
	// OnAnswer is called for every complete answer, right (err == nil) or
	// wrong, by every client's goroutine: it must be safe for that, and while
	// it runs its client sends nothing. nil = no call.
	OnAnswer func(a *Answer, err error)
}

// Answer is one complete answer. It and all it points to belong to the client
// and may be used only until the callback that got it returns.
type Answer struct {
	ID      string // of the request, as sent in X-Request-Id: client and number, "3-17"
	Status  int
	Header  http.Header
	Body    []byte
	Latency time.Duration // from before connecting or sending until the last byte was read
}

const (
	defaultTimeout   = 10 * time.Second
	defaultMaxAnswer = 16 << 20
)

// withDefaults returns o with the defaults in place of the zero values, or the
// first thing that is wrong with it.
func (o Options) withDefaults() (Options, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Concurrency == 0 {
		o.Concurrency = 1
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxAnswer == 0 {
		o.MaxAnswer = defaultMaxAnswer
	}
	if o.Expect == nil {
		o.Expect = expectOK
	}
	switch {
	case o.Path[0] != '/' || strings.ContainsFunc(o.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return o, fmt.Errorf("load: path %q: must start with / and be printable ASCII without spaces", o.Path)
	case o.Concurrency < 0:
		return o, fmt.Errorf("load: concurrency %d: must be positive", o.Concurrency)
	case o.Think < 0 || o.Duration < 0 || o.Timeout < 0:
		return o, errors.New("load: think, duration and timeout must not be negative")
	case o.Requests < 0 || o.MaxAnswer < 0:
		return o, errors.New("load: requests and the size of an answer must not be negative")
	}
	return o, nil
}

func expectOK(a *Answer) error {
	if a.Status != http.StatusOK {
		return fmt.Errorf("status %d", a.Status)
	}
	return nil
}

// target is where to connect: resolved once, so that a name cannot lead
// elsewhere later.
type target struct {
	network, addr string
	host          string // for the Host header
}

// resolve turns Addr into a target, and refuses one outside this machine
// unless that is allowed.
func (o Options) resolve(ctx context.Context) (target, error) {
	if path, ok := strings.CutPrefix(o.Addr, "unix:"); ok {
		if path == "" {
			return target{}, fmt.Errorf("load: address %q: no path", o.Addr)
		}
		return target{network: "unix", addr: path, host: "localhost"}, nil
	}
	addr := o.Addr
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		addr = ":" + addr
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return target{}, fmt.Errorf("load: address %q: port %q is not 1 to 65535", o.Addr, portText)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ip, err := lookup(ctx, host)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	if !ip.IsLoopback() && !o.Anywhere {
		return target{}, fmt.Errorf("load: address %q: %s is not this machine (only loopback, unless asked for)", o.Addr, ip)
	}
	return target{
		network: "tcp",
		addr:    netip.AddrPortFrom(ip, uint16(port)).String(),
		host:    net.JoinHostPort(host, portText),
	}, nil
}

// lookup returns the first address of host. "Any address" is not one to
// connect to: the loopback address stands for it.
func lookup(ctx context.Context, host string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return netip.Addr{}, err
		}
		ip = ips[0] // never empty without an error
	}
	ip = ip.Unmap()
	switch {
	case ip == netip.IPv4Unspecified():
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case ip == netip.IPv6Unspecified():
		ip = netip.IPv6Loopback()
	}
	return ip, nil
}
