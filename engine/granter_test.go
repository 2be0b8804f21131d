//go:build unix

package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/engine/internal/sock"
	"muster/ipc"
)

// Node makes every path absolute before it asks, also a name without a file,
// and one that was short enough as it was given.
func TestSocketPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-long-name/", 12))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for name, tt := range map[string]struct{ in, want string }{
		"as it is":                 {"/run/app.sock", "/run/app.sock"},
		"no path":                  {"", ""},
		"without a file":           {"/srv/app/\x00name", "\x00name"},
		"without a file, as given": {"\x00name", "\x00name"},
		"too long":                 {dir + "/s", "s"},
		"too long anyway":          {dir + "/" + strings.Repeat("x", sock.MaxUnixPath+1), dir + "/" + strings.Repeat("x", sock.MaxUnixPath+1)},
	} {
		if got := sock.SocketPath(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// A program that closes its server and listens again in one turn would hear
// that the address is in use: by us, who are closing it.
func TestQueryWaitsForAnAddressThatIsBeingClosed(t *testing.T) {
	l := loopAt(epoch)
	l.ledger.closing = 1
	w := &worker{id: 1}
	l.granter.queried(w, &ipc.ClusterMsg{Seq: 7, Query: &ipc.Query{Port: 3000, AddressType: "4", FD: -1}})
	if len(l.granter.asked) != 1 || l.granter.asked[0].w != w || l.granter.asked[0].m.Seq != 7 {
		t.Fatalf("asked: %+v, want the question kept", l.granter.asked)
	}
	w.life.leaving = true // its answer is that it gets none
	l.ledger.closed(nil, nil)
	if len(l.granter.asked) != 0 {
		t.Errorf("asked: %+v when nothing is being closed", l.granter.asked)
	}
}
