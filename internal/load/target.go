package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrNotLoopback is in the error for an address that is not this machine,
// while Options.Anywhere is false.
var ErrNotLoopback = errors.New("not this machine")

// target is where to connect: resolved once, so that a name cannot lead
// elsewhere later.
type target struct {
	network string
	addrs   []string // in the order in which they are tried, at least one
	host    string   // for the Host header
	name    string   // the host without its port, for TLS
}

// maxUnixPath is what every system takes; Linux has 107, others 103.
const maxUnixPath = 107

// maxAddrs bounds how many addresses of one name are tried.
const maxAddrs = 16

// resolve turns Addr into a target, and refuses an address outside this machine
// unless that is allowed.
func (o Options) resolve(ctx context.Context) (target, error) {
	if path, ok := strings.CutPrefix(o.Addr, "unix:"); ok {
		if why := badUnixPath(path); why != "" {
			return target{}, fmt.Errorf("load: address %q: %s", o.Addr, why)
		}
		if path[0] == '@' {
			path = "./" + path // "@..." is a file here, as for servers; the net package would take it for an abstract name
		}
		return target{network: "unix", addrs: []string{path}, host: "localhost", name: "localhost"}, nil
	}
	if name, ok := strings.CutPrefix(o.Addr, "abstract:"); ok {
		if why := badUnixPath(name); why != "" {
			return target{}, fmt.Errorf("load: address %q: %s", o.Addr, why)
		}
		return target{network: "unix", addrs: []string{"@" + name}, host: "localhost", name: "localhost"}, nil
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
	ips, err := lookup(ctx, host)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	ips, err = choose(ips, o.Anywhere)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	t := target{network: "tcp", host: net.JoinHostPort(host, portText), name: host}
	for _, ip := range ips {
		t.addrs = append(t.addrs, netip.AddrPortFrom(ip, uint16(port)).String())
	}
	return t, nil
}

// badUnixPath says why a path or a name cannot be a socket's; "" if it can.
func badUnixPath(path string) string {
	switch {
	case path == "":
		return "it is empty"
	case strings.ContainsRune(path, 0):
		return "it holds a NUL"
	case len(path) > maxUnixPath:
		return fmt.Sprintf("a unix socket has at most %d bytes of path, this one has %d", maxUnixPath, len(path))
	}
	return ""
}

// lookup returns the addresses of host, at least one, in the order of RFC 6724.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound, err == nil && len(ips) == 0:
		return nil, errors.New("the name leads to no address")
	case err != nil:
		return nil, err
	}
	return ips, nil
}

// choose is the addresses to try: in their order, but alternating between the
// families (RFC 8305, section 4). All of a name's addresses must be this
// machine, unless anywhere: any of them may answer and then gets the load.
func choose(ips []netip.Addr, anywhere bool) ([]netip.Addr, error) {
	var first, other []netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		// Nobody can connect to the "any" address: loopback stands for it.
		switch ip {
		case netip.IPv4Unspecified():
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case netip.IPv6Unspecified():
			ip = netip.IPv6Loopback()
		}
		switch {
		case !anywhere && !ip.IsLoopback():
			return nil, fmt.Errorf("%s is %w", ip, ErrNotLoopback)
		case slices.Contains(first, ip), slices.Contains(other, ip):
		case len(first) == 0 || ip.Is4() == first[0].Is4():
			first = append(first, ip)
		default:
			other = append(other, ip)
		}
	}
	var out []netip.Addr
	for i := range max(len(first), len(other)) {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(other) {
			out = append(out, other[i])
		}
	}
	return out[:min(len(out), maxAddrs)], nil
}

// ParsePath reads the path and query of a request as people write it, and
// percent-encodes characters a request cannot hold. The error says what is
// wrong.
func ParsePath(text string) (string, error) {
	if !strings.HasPrefix(text, "/") {
		return "", errors.New("must start with /")
	}
	// After a host, so that a path may start with //.
	u, err := url.Parse("http://h" + text)
	if err != nil {
		var why *url.Error
		if errors.As(err, &why) {
			err = why.Err // without the URL
		}
		return "", err
	}
	return RequestPath(u), nil
}

// RequestPath is the path and query of a URL as a request has them. The url
// package leaves the query as it was typed, so this percent-encodes characters
// a request cannot hold there too.
func RequestPath(u *url.URL) string {
	typed := u.RequestURI()
	var b strings.Builder
	for i := range len(typed) {
		if c := typed[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
