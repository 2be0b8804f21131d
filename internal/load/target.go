package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ErrNotLoopback is in the error for an address that is not this machine,
// while Options.Anywhere is false.
var ErrNotLoopback = errors.New("not this machine")

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
	ips, err := lookup(ctx, host)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	ip, err := choose(ips, o.Anywhere)
	if err != nil {
		return target{}, fmt.Errorf("load: address %q: %w", o.Addr, err)
	}
	return target{
		network: "tcp",
		addr:    netip.AddrPortFrom(ip, uint16(port)).String(),
		host:    net.JoinHostPort(host, portText),
	}, nil
}

// lookup returns the addresses of host, at least one.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err == nil && len(ips) == 0 {
		err = errors.New("the name has no address")
	}
	return ips, err
}

// choose picks the address to connect to: the first of IPv4, as most servers
// on a "localhost" that is both have that one. All of a name's addresses must
// be this machine, unless anywhere: the next look-up may put another first.
func choose(ips []netip.Addr, anywhere bool) (netip.Addr, error) {
	var chosen netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		// "Any address" is not one to connect to: loopback stands for it.
		switch ip {
		case netip.IPv4Unspecified():
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case netip.IPv6Unspecified():
			ip = netip.IPv6Loopback()
		}
		if !anywhere && !ip.IsLoopback() {
			return netip.Addr{}, fmt.Errorf("%s is %w", ip, ErrNotLoopback)
		}
		if !chosen.IsValid() || ip.Is4() && !chosen.Is4() {
			chosen = ip
		}
	}
	return chosen, nil
}
