//go:build unix

package ipc

import (
	"reflect"
	"strings"
	"testing"
)

// seqs are the numbers of the hand-offs in a message, and which of them have a
// descriptor.
func seqs(m Message) (all []int64, with []bool) {
	all, with = []int64{m.Cluster.Seq}, []bool{m.FD >= 0}
	for _, f := range m.Further {
		all, with = append(all, f.Seq), append(with, f.FD >= 0)
	}
	return all, with
}

func TestSeveralConnectionsWithOneMessage(t *testing.T) {
	noFDLeak(t)
	primary, worker := conns(t)
	worker.TakeMany()
	for _, want := range [][]int64{{7}, {8, 9}, {10, 12, 11}, {20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35}} {
		socks := sockets(t, len(want))
		if err := primary.Send([]byte("1"), -1); err != nil { // the kernel joins it with what follows
			t.Fatal(err)
		}
		if err := primary.TrySendAll(AppendNewConns(nil, "a:1", want...), socks); err != nil {
			t.Fatal(err)
		}
		ms := readN(t, worker, 2)
		m := ms[1]
		if all, _ := seqs(m); !reflect.DeepEqual(all, want) || m.Cluster.Key != "a:1" || m.Missing {
			t.Errorf("%+v, want hand-offs %v", m, want)
		}
		for i, sock := range socks {
			fd := m.FD
			if i > 0 {
				fd = m.Further[i-1].FD
			}
			if fd < 0 || !same(t, fd, sock) {
				t.Errorf("hand-off %d has descriptor %d, which is not the one sent", want[i], fd)
			}
		}
		closeMessages(ms)
	}
	for _, n := range []int{0, MaxConns + 1} {
		if err := primary.TrySendAll([]byte("1"), make([]int, n)); err == nil {
			t.Errorf("%d descriptors were sent with one message", n)
		}
	}
}

func TestDescriptorsFindTheirConnections(t *testing.T) {
	two, one := string(AppendNewConns(nil, "k", 5, 6)), string(AppendNewConn(nil, "k", 1))
	probe := `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}` + "\n"
	type read struct {
		s   string
		fds []int
	}
	for _, tt := range []struct {
		name   string
		reads  []read
		last   []bool // which hand-offs of the last message have a descriptor
		err    string
		closed []int
	}{
		{name: "together", reads: []read{{two, []int{7, 8}}}, last: []bool{true, true}},
		{name: "cut", reads: []read{{two[:9], []int{7, 8}}, {two[9:], nil}}, last: []bool{true, true}},
		{name: "cut behind a probe", reads: []read{{probe + two[:60], []int{7, 8}}, {two[60:], nil}}, last: []bool{true, true}},
		{name: "one did not come", reads: []read{{two, []int{7}}}, last: []bool{true, false}},
		{name: "none came", reads: []read{{two, nil}}, last: []bool{false, false}},
		{name: "none came, and the next has one", reads: []read{{two, nil}, {one, []int{7}}}, last: []bool{true}},
		{name: "too many", reads: []read{{one, []int{7, 8}}}, err: tooMany, closed: []int{7, 8}},
		{name: "too many for a cut one", reads: []read{{one[:20], []int{7, 8}}, {one[20:], nil}}, err: tooMany, closed: []int{7, 8}},
		{name: "with a plain frame", reads: []read{{"1\n", []int{7, 8}}}, err: "takes none", closed: []int{7, 8}},
		{name: "of a frame that becomes garbage", reads: []read{{two[:9], []int{7, 8}}, {"\n", nil}}, err: "not JSON", closed: []int{7, 8}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var closed []int
			d := newDecoder(func(fd int) { closed = append(closed, fd) })
			d.many = true
			var ms []Message
			var err error
			for _, r := range tt.reads {
				a := none
				if len(r.fds) > 0 {
					a.fd, a.more = r.fds[0], r.fds[1:]
				}
				if ms, err = put(d, ms, []byte(r.s), a); err != nil {
					break
				}
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if !reflect.DeepEqual(closed, tt.closed) {
				t.Errorf("closed %v, want %v", closed, tt.closed)
			}
			if tt.err != "" {
				return
			}
			m := ms[len(ms)-1]
			if _, with := seqs(m); !reflect.DeepEqual(with, tt.last) || m.Missing != !tt.last[0] {
				t.Errorf("%+v, want descriptors %v", m, tt.last)
			}
		})
	}
}

// Who has not said that it takes many sees the first connection's number only, in
// either form.
func TestMoreIsForWhoTakesMany(t *testing.T) {
	for _, frame := range []string{string(AppendNewConns(nil, "k", 5, 6)), ` ` + string(AppendNewConns(nil, "k", 5, 6))} {
		for _, many := range []bool{false, true} {
			d := newDecoder(nil)
			d.many = many
			ms, err := put(d, nil, []byte(frame), none)
			if err != nil || len(ms) != 1 || len(ms[0].Further) > 0 != many || ms[0].Cluster.more != nil {
				t.Errorf("%q, takes many: %v: %+v, %v", frame, many, ms, err)
			}
		}
	}
	for _, more := range []string{`7`, `[]`, `["x"]`, `[null]`, `[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]`, `{}`} {
		m, err := slowMessage([]byte(`{"cmd":"NODE_CLUSTER","act":"newconn","key":"k","seq":1,"more":` + more + `}`))
		if err != nil || m.Cluster.more != nil {
			t.Errorf("more of %s is %+v, %v", more, m.Cluster.more, err)
		}
	}
}
