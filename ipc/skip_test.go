//go:build unix

package ipc

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// smallDecoder is a decoder to which 64 bytes are long, and which skips up to 4096.
func smallDecoder(closed *[]int) *decoder {
	d := newDecoder(func(fd int) { *closed = append(*closed, fd) })
	d.limits = limits{64, 4096}
	return d
}

// A message that is too long used to end the channel, and with it the worker.
// It is skipped, and what is before and behind it stays in order.
func TestMessageThatIsTooLongCostsOnlyItself(t *testing.T) {
	long := `"` + strings.Repeat("x", 1000) + `"`
	wrapper := `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":` + long + "}"
	h := `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1}` + "\n"
	type read struct {
		s  string
		fd int // 0 = none
	}
	for _, tt := range []struct {
		name   string
		reads  []read
		want   []Message // FD, Missing, Kind, Handle, Size; and Raw
		closed []int
		err    string
	}{
		{name: "alone", reads: []read{{long + "\n", 0}}, want: []Message{{Kind: TooLong, Size: 1002, FD: -1}}},
		{name: "in order", reads: []read{{"1\n" + long[:30], 0}, {long[30:], 0}, {"\n2\n", 0}},
			want: []Message{{Raw: []byte("1"), FD: -1}, {Kind: TooLong, Size: 1002, FD: -1}, {Raw: []byte("2"), FD: -1}}},
		{name: "two", reads: []read{{long[:80], 0}, {long[80:] + "\n" + long[:70], 0}, {long[70:] + "\n", 0}},
			want: []Message{{Kind: TooLong, Size: 1002, FD: -1}, {Kind: TooLong, Size: 1002, FD: -1}}},
		{name: "in a wrapper", reads: []read{{wrapper[:500], 7}, {wrapper[500:] + "\n" + h, 0}},
			want:   []Message{{Kind: TooLong, Handle: "net.Socket", Size: 1050, FD: -1}, {Handle: "net.Socket", Raw: []byte("1"), FD: -1, Missing: true}},
			closed: []int{7}},
		{name: "in a wrapper, with the next", reads: []read{{wrapper[:500], 7}, {wrapper[500:] + "\n" + h, 8}},
			want:   []Message{{Kind: TooLong, Handle: "net.Socket", Size: 1050, FD: -1}, {Handle: "net.Socket", Raw: []byte("1"), FD: 8}},
			closed: []int{7}},
		{name: "its descriptor did not come", reads: []read{{wrapper[:500], 0}, {wrapper[500:] + "\n", 0}},
			want: []Message{{Kind: TooLong, Handle: "net.Socket", Size: 1050, FD: -1, Missing: true}}},
		{name: "its descriptor comes late", reads: []read{{wrapper[:500], 0}, {wrapper[500:600], 7}, {wrapper[600:] + "\n", 0}},
			want: []Message{{Kind: TooLong, Handle: "net.Socket", Size: 1050, FD: -1}}, closed: []int{7}},
		{name: "a plain one with a descriptor", reads: []read{{long[:500], 7}, {long[500:] + "\n", 0}}, err: "takes none", closed: []int{7}},
		{name: "two descriptors", reads: []read{{wrapper[:500], 7}, {wrapper[500:600], 8}}, err: "second", closed: []int{8, 7}},
		{name: "the end in it", reads: []read{{wrapper[:500], 7}}, closed: []int{7}},
		{name: "without an end", reads: []read{{`"` + strings.Repeat("x", 5000), 0}}, err: "over 4096 bytes"},
		{name: "not JSON", reads: []read{{strings.Repeat("x", 500) + "\n", 0}}, err: "not JSON"},
		{name: "internal", reads: []read{{`{"cmd":"NODE_X","a":` + long + "}\n", 0}}, err: "internal message"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var closed []int
			d := smallDecoder(&closed)
			var ms []Message
			var err error
			for _, r := range tt.reads {
				if r.fd == 0 {
					r.fd = -1
				}
				if ms, err = put(d, ms, []byte(r.s), arrival{fd: r.fd}); err != nil {
					break
				}
			}
			d.drop()
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if !reflect.DeepEqual(ms, tt.want) {
				t.Errorf("got  %+v\nwant %+v", ms, tt.want)
			}
			if !slices.Equal(closed, tt.closed) {
				t.Errorf("closed %v, want %v", closed, tt.closed)
			}
		})
	}
}

// What is skipped is not kept: memory stays that of the limit, and is let go.
func TestSkippingTakesNoMemory(t *testing.T) {
	d := newDecoder(nil)
	ms, err := feedEndless(t, d, `"`, 3*MaxFrame)
	if err != nil || len(ms) != 0 {
		t.Fatalf("%d messages, %v", len(ms), err)
	}
	if cap(d.buf) > 4*readSize {
		t.Errorf("skipping with a buffer of %d bytes", cap(d.buf))
	}
	ms, err = put(d, nil, []byte("\"\n1\n"), none)
	if err != nil || len(ms) != 2 || ms[0].Kind != TooLong || ms[0].Size < 3*MaxFrame || string(ms[1].Raw) != "1" {
		t.Errorf("the end of it: %+v, %v", ms, err)
	}
}

// The same through a socket, with a real descriptor.
func TestReadSkipsAMessageThatIsTooLong(t *testing.T) {
	noFDLeak(t)
	c, p := withPeer(t)
	sock := sockets(t, 1)[0]
	long := strings.Repeat("x", MaxFrame)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		p.send(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"`+long+"\"}\n", sock)
		p.send(hotFrames["accepted"] + "\n")
		p.f.Close()
	}()
	ms, err := readToError(c)
	<-sent
	var pe *ProtocolError
	if errors.As(err, &pe) || len(ms) != 2 || ms[0].Kind != TooLong || ms[0].Size != MaxFrame+50 ||
		ms[0].Missing || ms[0].Handle != "net.Socket" || !ms[1].Cluster.Accepted {
		t.Errorf("%+v, %v", ms, err)
	}
}
