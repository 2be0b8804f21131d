package guard

import "testing"

func TestChargeWasReadAsAnother(t *testing.T) {
	for _, c := range []Charge{
		{2, Workers, "A=b."},
		{4194304, Groups, "MUSTER_WORKER=0123456789abcdef."},
		{77, Marked, "w"},
	} {
		if got, ok := parse(c.String()); !ok || got != c {
			t.Errorf("%q is read as %+v, %v", c.String(), got, ok)
		}
	}
	for _, s := range []string{"", "1", "1gA=b.", "0gA=b.", "-2gA=b.", "22", "22g", "22xA=b.", "gA=b.", "99999999999999999999gA=b."} {
		if c, ok := parse(s); ok {
			t.Errorf("%q is read as %+v", s, c)
		}
	}
}

func TestPacketWasReadAsAnother(t *testing.T) {
	for _, pid := range []int{1, 4194304} {
		if what, n, ok := parsePacket(Started(pid)); !ok || what != started || n != pid {
			t.Errorf("started %d: %c %d %v", pid, what, n, ok)
		}
		if what, n, ok := parsePacket(Reaped(pid)); !ok || what != reaped || n != pid {
			t.Errorf("reaped %d: %c %d %v", pid, what, n, ok)
		}
	}
	for _, s := range []string{"", "+", "+0", "+-1", "*1", "+x", "-1x"} {
		if _, _, ok := parsePacket([]byte(s)); ok {
			t.Errorf("%q is read", s)
		}
	}
}
