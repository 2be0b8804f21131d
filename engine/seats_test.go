package engine

import (
	"path/filepath"
	"strings"
	"testing"
)

// Where a policy cannot be had it is said once what is used instead.
func TestWhatIsUsedInsteadIsSaidOnce(t *testing.T) {
	for p, want := range map[Policy]string{
		SchedSpread: "spread cannot be had here, rr is used instead: the policy of a unix socket",
		SchedSticky: "sticky cannot be had here, rr is used instead: clients of a unix socket have no address",
		SchedLeast:  "", SchedRR: "", SchedNone: "",
	} {
		c, err := New(Options{Addr: "unix:" + filepath.Join(t.TempDir(), "s"), Policy: p, Workers: -1})
		if err != nil {
			t.Fatal(err)
		}
		c.loop.ledger.sayWithout(c.loop.ledger.order[0], p)
		var said []string
		events, _ := c.Events(0)
		for _, e := range events {
			if d, ok := e.Detail.(ErrorDetail); ok {
				said = append(said, d.Text)
			}
		}
		if want == "" && len(said) > 0 || want != "" && (len(said) != 1 || !strings.Contains(said[0], want)) {
			t.Errorf("%v: %q, want one with %q", p, said, want)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
