package sock

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// kernelHex prints an address as /proc/net/tcp does on this machine.
func kernelHex(s string) string {
	b := netip.MustParseAddr(s).AsSlice()
	out := ""
	for i := 0; i < len(b); i += 4 {
		out += fmt.Sprintf("%08X", binary.NativeEndian.Uint32(b[i:]))
	}
	return out
}

func TestSocketsAt(t *testing.T) {
	row := func(addr string, port int, state string, inode int) string {
		zero := fmt.Sprintf("%0*d", len(kernelHex(addr)), 0)
		return fmt.Sprintf("   0: %s:%04X %s:0000 %s 00000000:00000000 00:00000000 00000000     0        0 %d 1 0000 100\n",
			kernelHex(addr), port, zero, state, inode)
	}
	table := filepath.Join(t.TempDir(), "tcp")
	text := "  sl  local_address rem_address   st tx_queue\nrubbish\n 1: xx:yy 2 3 4 5 6 7 8 9\n" +
		row("127.0.0.1", 3000, "0A", 11) + row("0.0.0.0", 3001, "0A", 12) + row("::", 3002, "0A", 13) +
		row("::1", 3003, "0A", 14) + row("127.0.0.1", 3000, "01", 15) + row("127.0.0.1", 3004, "01", 16) +
		row("127.0.0.1", 3004, "06", 0) + row("127.0.0.1", 3005, "0A", 17)
	if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at        string
		listening bool
		want      string
	}{
		{"127.0.0.1:3000", true, "[11]"}, {"127.0.0.1:3000", false, "[15]"},
		{"127.0.0.2:3000", true, "[]"}, {"[::]:3000", true, "[11]"},
		{"127.0.0.9:3001", true, "[12]"}, {"127.0.0.1:3002", true, "[13]"},
		{"[::1]:3003", true, "[14]"}, {"127.0.0.1:3003", true, "[]"},
		{"127.0.0.1:3004", false, "[16]"},
		{"127.0.0.1:3005", true, "[]"}, // the kernel lists those that listen first; nothing after them is read
	} {
		got := socketsAt(table, netip.MustParseAddrPort(c.at), c.listening, time.Now().Add(time.Minute))
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s, listening %v: %v, want %s", c.at, c.listening, got, c.want)
		}
	}
}
