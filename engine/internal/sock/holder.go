package sock

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// holderTime bounds the search for the process that holds a port: the search is
// a courtesy.
const holderTime = 200 * time.Millisecond

// Holder is the process that holds an address which could not be listened on
// because of err; 0 if it is not known, or no process does.
func Holder(a Addr, err error) int {
	var answers *inUseError
	switch {
	case errors.As(err, &answers):
		return answers.pid
	case a.Network == "tcp" && errors.Is(err, syscall.EADDRINUSE):
		return holderOfTCP(a)
	}
	return 0
}

// holderOfTCP is the process that holds a TCP address, by Linux's /proc: the
// sockets there by address, then the process by socket. It is 0 if the process
// was not found in time, or belongs to a user whose processes this one may not
// look into. If several share the socket it is the one with the lowest pid,
// mostly their parent.
func holderOfTCP(a Addr) int {
	ip, err := netip.ParseAddr(a.Host) // not for a name: we do not know here which of its addresses is in use
	if err != nil {
		ip = netip.IPv6Unspecified()
	}
	deadline := time.Now().Add(holderTime)
	at := netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
	// Listening sockets are in the way most often, and are found fast.
	for _, listening := range []bool{true, false} {
		var inodes []string
		for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			inodes = append(inodes, socketsAt(table, at, listening, deadline)...)
		}
		if len(inodes) > 0 {
			return processWith(inodes, deadline)
		}
	}
	return 0
}

// socketsAt lists the inodes of a table's sockets that keep at from being
// listened on: the listening ones, or the others.
func socketsAt(table string, at netip.AddrPort, listening bool, deadline time.Time) (inodes []string) {
	f, err := os.Open(table)
	if err != nil {
		return nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	// The kernel makes the table while it is read, listening sockets first:
	// with small reads they are there before the kernel walks all connections
	// of the machine.
	lines.Buffer(make([]byte, 512), 4096)
	for lines.Scan() && time.Now().Before(deadline) {
		row, ok := parseSocketRow(lines.Text())
		switch {
		case !ok:
		case row.listening != listening:
			if listening {
				return inodes
			}
		case row.inode != "0" && row.local.Port() == at.Port() && overlap(row.local.Addr(), at.Addr()):
			inodes = append(inodes, row.inode)
		}
	}
	return inodes
}

// overlap reports whether one port on two addresses collides. [::] mostly takes
// IPv4 too; where it does not, listening did not fail, and nobody asks.
func overlap(a, b netip.Addr) bool {
	return a == b || a.IsUnspecified() || b.IsUnspecified()
}

type socketRow struct {
	local     netip.AddrPort
	listening bool
	inode     string
}

// parseSocketRow reads a row of /proc/net/tcp or tcp6:
// "0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12345 ...".
func parseSocketRow(s string) (r socketRow, ok bool) {
	f := strings.Fields(s)
	if len(f) < 10 {
		return r, false
	}
	host, port, ok := strings.Cut(f[1], ":")
	if !ok {
		return r, false
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return r, false
	}
	raw, err := hex.DecodeString(host)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return r, false
	}
	// The kernel prints an address as 32-bit words in the order of this machine.
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, _ := netip.AddrFromSlice(raw)
	return socketRow{netip.AddrPortFrom(ip.Unmap(), uint16(n)), f[3] == "0A", f[9]}, true
}

// processWith is the lowest pid that has one of the sockets open.
func processWith(inodes []string, deadline time.Time) int {
	if len(inodes) == 0 {
		return 0
	}
	want := make(map[string]bool, len(inodes))
	for _, n := range inodes {
		want["socket:["+n+"]"] = true
	}
	proc, err := os.Open("/proc")
	if err != nil {
		return 0
	}
	defer proc.Close()
	names, _ := proc.Readdirnames(-1)
	lowest := 0
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || lowest != 0 && pid > lowest {
			continue
		}
		if hasSocket(filepath.Join("/proc", name, "fd"), want, deadline) {
			lowest = pid
		}
		if time.Now().After(deadline) {
			break
		}
	}
	return lowest
}

func hasSocket(dir string, want map[string]bool, deadline time.Time) bool {
	d, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer d.Close()
	for time.Now().Before(deadline) {
		names, err := d.Readdirnames(256)
		for _, n := range names {
			if to, err := os.Readlink(filepath.Join(dir, n)); err == nil && want[to] {
				return true
			}
		}
		if err != nil {
			break
		}
	}
	return false
}
