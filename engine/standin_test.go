package engine

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func tcpAddrs(ports ...int) (as []Address) {
	for _, p := range ports {
		as = append(as, Address{Network: "tcp", Host: "127.0.0.1", Port: p})
	}
	return as
}

func TestStandsIn(t *testing.T) {
	const left = 20 * time.Second // until it must have listened
	for _, c := range []struct {
		name        string
		before, now []int
		quiet, left time.Duration
		missing     []int
		wait        time.Duration
	}{
		{"the same", []int{1}, []int{1}, 0, left, nil, 0},
		{"the same, in another order", []int{1, 2}, []int{2, 1}, 0, left, nil, 0},
		{"more", []int{1}, []int{1, 2}, 0, left, nil, 0},
		{"more, the new one first", []int{1}, []int{2, 1}, 0, left, nil, 0},
		{"the one before listened on nothing", nil, []int{1}, 0, left, nil, 0},
		{"nothing, as the one before", nil, nil, 0, left, nil, 0},
		{"it closed what it listened on", []int{1}, nil, 0, left, []int{1}, left},
		{"the same, for good", []int{1}, nil, time.Minute, 0, []int{1}, 0},
		{"ready without a server, for now", []int{1}, nil, time.Second, left, []int{1}, moveWait - time.Second},
		{"ready without a server, for good", []int{1}, nil, moveWait, left, nil, 0},
		{"ready, and elsewhere", []int{1}, []int{2}, moveWait, left, []int{1}, 0},
		{"ready, and the first of two", []int{1, 2}, []int{1}, moveWait, left, []int{2}, left},
		{"the first of two", []int{1, 2}, []int{1}, 0, left, []int{2}, left},
		{"the first of two, long ago", []int{1, 2}, []int{1}, 19 * time.Second, time.Second, []int{2}, time.Second},
		{"the first of two, for good", []int{1, 2}, []int{1}, time.Minute, -time.Second, []int{2}, 0},
		{"elsewhere, for now", []int{1}, []int{2}, 0, left, []int{1}, moveWait},
		{"elsewhere, a while ago", []int{1}, []int{2}, moveWait - time.Second, left, []int{1}, time.Second},
		{"elsewhere, for good", []int{1}, []int{2}, moveWait, left, []int{1}, 0},
		{"one there, one elsewhere", []int{1, 2}, []int{1, 3}, moveWait, left, []int{2}, 0},
		{"elsewhere, and late", []int{1}, []int{2}, 0, time.Second, []int{1}, time.Second},
	} {
		missing, wait := standsIn(tcpAddrs(c.before...), tcpAddrs(c.now...), strings.HasPrefix(c.name, "ready"), c.quiet, c.left)
		if !slices.Equal(missing, tcpAddrs(c.missing...)) || wait != c.wait {
			t.Errorf("%s: missing %v, wait %v; want %v, %v", c.name, missing, wait, c.missing, c.wait)
		}
	}
}

func TestFateOfAnAddress(t *testing.T) {
	const long = unservedAfter
	for _, c := range []struct {
		name     string
		v        addressView
		unserved time.Duration
		want     fate
	}{
		{"served", addressView{served: true, others: true, gaveUp: true}, long, fateStays},
		{"a dead worker's, whose replacement comes", addressView{awaited: true, others: true, gaveUp: true}, long, fateStays},
		{"the same, after it had nobody", addressView{awaited: true, begun: true, others: true}, long, fateStays},
		{"somebody comes up", addressView{coming: true, others: true, gaveUp: true}, 0, fateStays},
		{"somebody comes up, after it had nobody", addressView{coming: true, begun: true, others: true}, long, fateWarn},
		{"nobody listens any more, after it had nobody", addressView{begun: true}, long, fateClose},
		{"the same, the built-in address", addressView{begun: true, keep: true}, long, fateReset},
		{"nobody at all, and told so", addressView{}, long, fateStays},
		{"the same, the built-in address", addressView{keep: true}, long, fateStays},
		{"all listen elsewhere, just now", addressView{others: true}, 0, fateWarn},
		{"all listen elsewhere, for long", addressView{others: true}, long, fateClose},
		{"the same, the built-in address", addressView{others: true, keep: true}, long, fateReset},
		{"a crash loop, just now", addressView{gaveUp: true}, long - 1, fateWarn},
		{"a crash loop, for long", addressView{gaveUp: true}, long, fateClose},
		{"the same, the built-in address", addressView{gaveUp: true, keep: true}, long, fateReset},
	} {
		if got := c.v.fate(c.unserved); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestAddressesInWords(t *testing.T) {
	for _, c := range []struct {
		as   []Address
		want string
	}{
		{nil, ""},
		{tcpAddrs(1), "127.0.0.1:1"},
		{tcpAddrs(2, 1), "127.0.0.1:1 and 127.0.0.1:2"},
		{tcpAddrs(1, 2, 3, 4, 5), "127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3, 127.0.0.1:4 and 127.0.0.1:5"},
		{tcpAddrs(1, 2, 3, 4, 5, 6), "127.0.0.1:1, 127.0.0.1:2, 127.0.0.1:3, 127.0.0.1:4 and 2 more"},
	} {
		if got := addrList(c.as); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := addrShort(Address{Network: "unix", Host: "/run/app/s.sock"}); got != "s.sock" {
		t.Error(got)
	}
}
