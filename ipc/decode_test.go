package ipc

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// put gives the decoder the bytes of one read.
func put(d *decoder, dst []Message, b []byte, in arrival) ([]Message, error) {
	for len(b) > 0 {
		n := copy(d.space(), b)
		var err error
		if dst, err = d.feed(dst, n, in); err != nil {
			return dst, err
		}
		b, in = b[n:], arrival{fd: -1}
	}
	return dst, nil
}

var none = arrival{fd: -1}

const mixed = `{"cmd":"NODE_CLUSTER","act":"online","seq":0}
"é"
{"cmd":"NODE_CLUSTER","ack":5,"accepted":true,"seq":3}
{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}
[1,
`

func TestDecodeByteByByte(t *testing.T) {
	in := mixed[:len(mixed)-len("[1,\n")]
	want, err := put(newDecoder(nil), nil, []byte(in), none)
	if err != nil || len(want) != 4 {
		t.Fatalf("%d messages, %v", len(want), err)
	}
	d := newDecoder(nil)
	var got []Message
	for i := range len(in) {
		if got, err = put(d, got, []byte{in[i]}, none); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestDecodeReturnsWhatWasBeforeTheBadFrame(t *testing.T) {
	ms, err := put(newDecoder(nil), nil, []byte(mixed), none)
	var pe *ProtocolError
	if !errors.As(err, &pe) || string(pe.Sample) != "[1," || len(ms) != 4 {
		t.Errorf("%d messages, %v", len(ms), err)
	}
}

func TestDescriptorFindsItsFrame(t *testing.T) {
	const (
		plain = `"plain"` + "\n"
		h1    = `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":1}` + "\n"
		h2    = `{"type":"net.Socket","msg":2,"cmd":"NODE_HANDLE"}` + "\n" // not as Node writes it
		probe = `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}` + "\n"
	)
	type read struct {
		s  string
		fd int // 0 = none
	}
	type got struct {
		raw string
		fd  int // -1 = none
	}
	for _, tt := range []struct {
		name   string
		reads  []read
		want   []got
		err    string
		closed []int
	}{
		{name: "alone", reads: []read{{h1, 7}}, want: []got{{"1", 7}}},
		{name: "behind a plain frame", reads: []read{{plain + h1, 7}}, want: []got{{`"plain"`, -1}, {"1", 7}}},
		{name: "behind a probe", reads: []read{{probe + h1, 7}}, want: []got{{"{}", -1}, {"1", 7}}},
		{name: "behind a probe, cut", reads: []read{{probe + h1[:9], 7}, {h1[9:], 0}}, want: []got{{"{}", -1}, {"1", 7}}},
		{name: "behind a probe and the end of another", reads: []read{{probe[:9], 0}, {probe[9:] + h1, 7}}, want: []got{{"{}", -1}, {"1", 7}}},
		{name: "before a plain frame", reads: []read{{h1 + plain, 7}}, want: []got{{"1", 7}, {`"plain"`, -1}}},
		{name: "before the start of a plain frame", reads: []read{{h1 + plain[:4], 7}, {plain[4:], 0}}, want: []got{{"1", 7}, {`"plain"`, -1}}},
		{name: "first byte alone", reads: []read{{h1[:1], 7}, {h1[1:], 0}}, want: []got{{"1", 7}}},
		{name: "first byte of the odd order", reads: []read{{h2[:1], 7}, {h2[1:], 0}}, want: []got{{"2", 7}}},
		{name: "start of the odd order", reads: []read{{h2[:20], 7}, {h2[20:], 0}}, want: []got{{"2", 7}}},
		{name: "two frames, two reads", reads: []read{{h1, 7}, {h2, 8}}, want: []got{{"1", 7}, {"2", 8}}},
		{name: "the next with its end", reads: []read{{h1[:20], 7}, {h1[20:], 0}, {h2, 8}}, want: []got{{"1", 7}, {"2", 8}}},
		{name: "end of one and start of the next", reads: []read{{h1[:20], 7}, {h1[20:] + h2[:5], 8}, {h2[5:], 0}}, want: []got{{"1", 7}, {"2", 8}}},
		{name: "late", reads: []read{{h1[:20], 0}, {h1[20:30], 7}, {h1[30:], 0}}, want: []got{{"1", 7}}},
		{name: "late, with its end", reads: []read{{h1[:20], 0}, {h1[20:], 7}}, want: []got{{"1", 7}}},
		{name: "missing", reads: []read{{h1, 0}, {plain, 0}}, want: []got{{"1", -1}, {`"plain"`, -1}}},

		{name: "with a plain frame", reads: []read{{plain + plain, 7}}, want: []got{{`"plain"`, -1}}, err: "takes none", closed: []int{7}},
		{name: "with a cut plain frame", reads: []read{{plain[:3], 7}, {plain[3:], 0}}, err: "takes none", closed: []int{7}},
		{name: "with the end of a plain frame", reads: []read{{plain[:3], 0}, {plain[3:], 7}}, err: "takes none", closed: []int{7}},
		{name: "two with one frame", reads: []read{{h1[:9], 7}, {h1[9:20], 8}}, err: "second", closed: []int{8, 7}},
		{name: "two with one frame, at its end", reads: []read{{h1[:9], 7}, {h1[9:], 8}}, err: "takes none", closed: []int{7, 8}},
		{name: "with garbage", reads: []read{{"garbage\n", 7}}, err: "not JSON", closed: []int{7}},
		{name: "garbage in a frame that had one", reads: []read{{h1[:9], 7}, {"\n", 0}}, err: "not JSON", closed: []int{7}},
		{name: "frame before garbage", reads: []read{{h1, 7}, {"garbage\n", 0}}, want: []got{{"1", 7}}, err: "not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var closed []int
			d := newDecoder(func(fd int) { closed = append(closed, fd) })
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
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			var have []got
			for _, m := range ms {
				have = append(have, got{string(m.Raw), m.FD})
				if m.Missing != (m.Handle != "" && m.FD < 0) {
					t.Errorf("%s: missing = %v", m.Raw, m.Missing)
				}
			}
			if !reflect.DeepEqual(have, tt.want) {
				t.Errorf("got %v, want %v", have, tt.want)
			}
			if !reflect.DeepEqual(closed, tt.closed) {
				t.Errorf("closed %v, want %v", closed, tt.closed)
			}
		})
	}
}

// A frame that will be refused is refused as soon as that is clear, with a
// buffer of about its size so far, never one of the limit at once.
func TestDecodeOverLong(t *testing.T) {
	for _, tt := range []struct {
		name, head string
		limit      int
	}{
		{"internal", `{"cmd":"NODE_MUSTER","msg":"`, MaxInternal},
		{"not JSON", `GET / HTTP/1.1`, MaxFrame},
		{"blank", strings.Repeat(" ", headKept), MaxFrame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := feedEndless(t, newDecoder(nil), tt.head, tt.limit)
			var pe *ProtocolError
			if !errors.As(err, &pe) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// feedEndless feeds a frame that never ends, until an error or well past limit.
func feedEndless(t *testing.T, d *decoder, head string, limit int) ([]Message, error) {
	t.Helper()
	some := bytes.Repeat([]byte("x"), readSize/4)
	ms, err := put(d, nil, []byte(head), none)
	for sent := len(head); err == nil && sent < limit+4*readSize; {
		n := copy(d.space(), some)
		ms, err = d.feed(ms, n, none)
		sent += n
		if cap(d.buf) > max(readSize, 2*sent+readSize) || cap(d.buf) > MaxFrame+readSize {
			t.Fatalf("a buffer of %d bytes for %d", cap(d.buf), sent)
		}
	}
	return ms, err
}

func TestDecodeLetsGoOfALargeBuffer(t *testing.T) {
	d := newDecoder(nil)
	ms, err := put(d, nil, []byte(`"`+strings.Repeat("x", 1<<20)+"\"\n\"a"), none)
	if err != nil || len(ms) != 1 || len(ms[0].Raw) != 1<<20+2 {
		t.Fatalf("%d messages, %v", len(ms), err)
	}
	if cap(d.buf) > 4*readSize {
		t.Errorf("still holds %d bytes", cap(d.buf))
	}
	if ms, err = put(d, nil, []byte("\"\n"), none); err != nil || string(ms[0].Raw) != `"a"` {
		t.Errorf("the frame after it: %v, %v", ms, err)
	}
}

// However the bytes are cut into reads, the same messages come out; a
// descriptor is in a message or closed, once.
func FuzzDecode(f *testing.F) { fuzzDecode(f, limits{MaxFrame, MaxSkip}) }

// The same where frames are soon too long, and soon too long to be skipped.
func FuzzDecodeTooLong(f *testing.F) {
	long := `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"` + strings.Repeat("x", 100) + "\"}\n"
	f.Add([]byte(long+"1\n"+long), []byte{0x80 | 20, 100, 0x80 | 127})
	f.Add([]byte("1\n\""+strings.Repeat("x", 100)+"\"\n2\n"), []byte{})
	f.Add([]byte("\""+strings.Repeat("x", 600)), []byte{70})
	f.Add([]byte(strings.Repeat(" ", 70)+"1\n"), []byte{})
	fuzzDecode(f, limits{64, 512})
}

func fuzzDecode(f *testing.F, lim limits) {
	f.Add([]byte(mixed), []byte{1, 2, 3})
	f.Add([]byte(hotFrames["newconn"]+"\n"), []byte{0x85, 200})
	f.Add([]byte("\n"), []byte{})
	for _, frame := range hotFrames {
		f.Add([]byte(frame+"\n"+frame+"\n"), []byte{0x80, 0x80, 77})
	}
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		whole := newDecoder(nil)
		whole.limits = lim
		want, wantErr := put(whole, nil, data, none)

		// A cut is the length of a read; its high bit sends a descriptor along.
		open := map[int]bool{}
		d := newDecoder(func(fd int) {
			if !open[fd] {
				t.Fatalf("descriptor %d closed twice or never given", fd)
			}
			delete(open, fd)
		})
		d.limits = lim
		var got []Message
		var err error
		fds := 0
		for rest := data; len(rest) > 0 && err == nil; {
			n, in := len(rest), none
			if len(cuts) > 0 {
				n = min(n, int(cuts[0]&0x7f)+1)
				if cuts[0]&0x80 != 0 {
					fds++
					in.fd = fds
					open[fds] = true
				}
				cuts = cuts[1:]
			}
			got, err = put(d, got, rest[:n], in)
			rest = rest[n:]
		}
		for i, m := range got {
			if m.FD >= 0 {
				if !open[m.FD] || m.Handle == "" {
					t.Fatalf("message %d (%q) has descriptor %d", i, m.Handle, m.FD)
				}
				delete(open, m.FD)
			}
		}
		d.drop()
		if len(open) != 0 {
			t.Fatalf("descriptors left: %v", open)
		}
		if fds > 0 {
			return // some of the messages may have been refused for them
		}
		if (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("in pieces %+v, %v\nat once   %+v, %v", got, err, want, wantErr)
		}
	})
}
