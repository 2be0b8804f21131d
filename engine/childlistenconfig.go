package engine

import (
	"net"
	"strings"

	"muster/ipc"
)

// ListenConfig is how to listen (Node: the options of server.listen). The zero
// value is what Listen uses. The worker that listens first on an address
// decides for all that share it.
type ListenConfig struct {
	// Exclusive makes a socket of this worker's own: nothing is shared, the
	// primary does not know of it, and a second worker gets EADDRINUSE. The
	// socket is closed on a disconnect like the others.
	Exclusive bool
	// IPv6Only keeps IPv4 connections out of an address like [::], so that the
	// IPv4 port stays free.
	IPv6Only bool
	// ReadableAll and WritableAll open the path of a unix socket to all users;
	// connecting needs write permission.
	ReadableAll, WritableAll bool
	// Backlog is how many connections may wait in the kernel, at most what the
	// system allows. 0 = as many as the system allows.
	Backlog int
}

// queryIPv6Only is bit 0 of a query's flags (libuv's UV_TCP_IPV6ONLY and
// UV_UDP_IPV6ONLY).
const queryIPv6Only = 1

// query is the question for the primary, and the address it names.
func (lc ListenConfig) query(network, address string) (ipc.Query, net.Addr, error) {
	q := ipc.Query{Port: -1, AddressType: "-1", FD: -1, Backlog: max(lc.Backlog, 0),
		ReadableAll: lc.ReadableAll, WritableAll: lc.WritableAll}
	if network == "unix" {
		q.Address = &address
		return q, &net.UnixAddr{Name: address, Net: "unix"}, nil
	}
	a, err := net.ResolveTCPAddr(network, address)
	if err != nil {
		return q, nil, err
	}
	q.Port, q.AddressType = a.Port, "4"
	// Without a host it asks for IPv6 and IPv4 at once; the primary handles a
	// machine without IPv6.
	if host := hostOf(a.IP, a.Zone); host != "" {
		q.Address = &host
		if a.IP.To4() == nil {
			q.AddressType = "6"
		}
	} else if network != "tcp" {
		any4, any6 := "0.0.0.0", "::"
		q.Address = &any4
		if network == "tcp6" {
			q.Address, q.AddressType = &any6, "6"
		}
	}
	q.Flags = lc.flags(network, a.IP)
	return q, a, nil
}

// packetQuery is query for UDP. As in Node its address is never null.
func (lc ListenConfig) packetQuery(network, address string) (ipc.Query, net.Addr, error) {
	a, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return ipc.Query{}, nil, err
	}
	host := hostOf(a.IP, a.Zone)
	six := network == "udp6" || len(a.IP) > 0 && a.IP.To4() == nil
	if network == "udp" && (host == "" || a.IP.IsUnspecified()) {
		six, host = lc.IPv6Only || hasIPv6(), ""
	}
	q := ipc.Query{Port: a.Port, AddressType: "udp4", FD: -1, Flags: lc.flags(network, a.IP)}
	if six {
		q.AddressType = "udp6"
	}
	if host == "" {
		host = "0.0.0.0"
		if six {
			host = "::"
		}
	}
	q.Address = &host
	return q, a, nil
}

// flags has IPv6Only if it applies; package net sets it for "tcp6" and "udp6"
// by itself.
func (lc ListenConfig) flags(network string, ip net.IP) int {
	any6 := len(ip) == 0 || ip.IsUnspecified()
	if any6 && (strings.HasSuffix(network, "6") || lc.IPv6Only && !strings.HasSuffix(network, "4")) {
		return queryIPv6Only
	}
	return 0
}

func hostOf(ip net.IP, zone string) string {
	if len(ip) == 0 {
		return ""
	}
	host := ip.String()
	if zone != "" {
		host += "%" + zone
	}
	return host
}

// hasIPv6 tells whether this machine has IPv6, as bind sees it.
func hasIPv6() bool {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6unspecified})
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
