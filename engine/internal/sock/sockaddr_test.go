package sock

import (
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestNoIPv6IsNotAnExcuseForAPortInUse(t *testing.T) {
	for errno, want := range map[syscall.Errno]bool{
		syscall.EAFNOSUPPORT: true, syscall.EADDRNOTAVAIL: true, syscall.EADDRINUSE: false, syscall.EACCES: false,
	} {
		if got := noIPv6(os.NewSyscallError("bind", errno)); got != want {
			t.Errorf("%v: %v", errno, got)
		}
	}
}

// localhost was listened on at ::1 where the resolver has that first, and the
// workers, who ask as net.Listen does, meant 127.0.0.1.
func TestANameOfBothFamiliesIsListenedOnByIPv4(t *testing.T) {
	for _, tt := range []struct{ ips, want string }{
		{"::1 127.0.0.1", "127.0.0.1"}, {"127.0.0.1 ::1", "127.0.0.1"}, {"::1", "::1"},
		{"2001:db8::1 ::ffff:192.0.2.1 192.0.2.2", "192.0.2.1"}, {"2001:db8::2 2001:db8::1", "2001:db8::2"},
	} {
		var ips []netip.Addr
		for ip := range strings.FieldsSeq(tt.ips) {
			ips = append(ips, netip.MustParseAddr(ip))
		}
		if got := pickAddr(ips); got.String() != tt.want {
			t.Errorf("%s: %s, want %s", tt.ips, got, tt.want)
		}
	}
	// The rule is net.Listen's: whatever localhost is here, both pick the same.
	ip, err := Resolve(t.Context(), "localhost")
	if err != nil {
		t.Skip("localhost has no address here:", err)
	}
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if got := ln.Addr().(*net.TCPAddr).AddrPort().Addr().Unmap(); got != ip {
		t.Errorf("Resolve says %s, net.Listen %s", ip, got)
	}
}
