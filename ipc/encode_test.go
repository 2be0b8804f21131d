package ipc

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// The bytes are Node's, field for field.
func TestForms(t *testing.T) {
	addr := "127.0.0.1"
	for _, tt := range []struct {
		v    any
		want string
	}{
		{Online{0}, `{"cmd":"NODE_CLUSTER","act":"online","seq":0}`},
		{QueryServer{1, Query{Address: &addr, AddressType: "4", FD: -1}},
			`{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":"127.0.0.1","port":0,"addressType":4,"flags":0,"backlog":0,"seq":1}`},
		{QueryServer{1, Query{Port: 53, AddressType: "udp4", Data: []byte(`{"a":1}`), Index: 2}},
			`{"cmd":"NODE_CLUSTER","act":"queryServer","index":2,"data":{"a":1},"address":null,"port":53,"addressType":"udp4","flags":0,"backlog":0,"seq":1}`},
		{QueryServer{1, Query{Port: -1, FD: 5}},
			`{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":null,"addressType":null,"fd":5,"flags":0,"backlog":0,"seq":1}`},
		{Listening{2, Query{Address: &addr, Port: 4444, AddressType: "4", FD: -1, Backlog: 511}},
			`{"cmd":"NODE_CLUSTER","act":"listening","index":0,"data":null,"address":"127.0.0.1","port":4444,"addressType":4,"flags":0,"backlog":511,"seq":2}`},
		{Listening{2, Query{Address: ptr("/s"), Port: -1, AddressType: "-1", FD: -1, ReadableAll: true}},
			`{"cmd":"NODE_CLUSTER","act":"listening","index":0,"data":null,"address":"/s","port":-1,"addressType":-1,"flags":0,"backlog":0,"readableAll":true,"seq":2}`},
		{CloseKey{3, "k"}, `{"cmd":"NODE_CLUSTER","act":"close","key":"k","seq":3}`},
		{ExitedAfterDisconnect{4}, `{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":4}`},
		{AckReply{0, 5}, `{"cmd":"NODE_CLUSTER","ack":0,"seq":5}`},
		{Disconnect{6}, `{"cmd":"NODE_CLUSTER","act":"disconnect","seq":6}`},
		{QueryReply{Ack: 1, Seq: 2, Key: "k", Sockname: &Sockname{"127.0.0.1", "IPv4", 80}},
			`{"cmd":"NODE_CLUSTER","errno":null,"key":"k","ack":1,"data":null,"sockname":{"address":"127.0.0.1","family":"IPv4","port":80},"seq":2}`},
		{QueryReply{Ack: 1, Seq: 2, Key: "k", Errno: ptr(-98), Data: []byte(`[1]`)},
			`{"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":1,"data":[1],"seq":2}`},
		{SocketAllClosed{[]byte(`"k"`)}, `{"cmd":"NODE_SOCKET_ALL_CLOSED","key":"k"}`},
		{SocketCount{nil, 2}, `{"cmd":"NODE_SOCKET_COUNT","key":null,"count":2}`},
		{map[string]string{"hello": "worker"}, `{"hello":"worker"}`},
	} {
		got, err := AppendJSON([]byte("x"), tt.v)
		if err != nil || string(got) != "x"+tt.want+"\n" {
			t.Errorf("%T: %v\ngot  %s\nwant %s", tt.v, err, got[1:], tt.want)
		}
	}
}

func TestHotForms(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{string(AppendNewConn(nil, "127.0.0.1:3000:4::", 7)), hotFrames["newconn"]},
		{string(AppendAccepted(nil, 5, 3, true)), hotFrames["accepted"]},
		{string(AppendAccepted(nil, 123456, 0, false)), hotFrames["refused"]},
		{string(AppendAck(nil)), hotFrames["ack"]},
		{string(AppendNack(nil)), hotFrames["nack"]},
		{string(AppendProbe(nil, 7)), `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"probe","seq":7}}`},
	} {
		if tt.got != tt.want+"\n" {
			t.Errorf("got  %swant %s", tt.got, tt.want)
		}
	}
}

func TestAppendMuster(t *testing.T) {
	got, err := AppendMuster(nil, map[string]int{"done": 3})
	if want := `{"cmd":"NODE_MUSTER","msg":{"done":3}}` + "\n"; err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	if got, err := AppendMuster([]byte("x"), strings.Repeat("x", MaxInternal)); !errors.Is(err, ErrTooLong) || string(got) != "x" {
		t.Errorf("a long one: %d bytes, %v", len(got), err)
	}
	if got, err := AppendMuster([]byte("x"), make(chan int)); err == nil || string(got) != "x" {
		t.Errorf("no JSON: %d bytes, %v", len(got), err)
	}
	// The longest that is taken is also read.
	got, err = AppendMuster(nil, strings.Repeat("x", MaxInternal-len(`{"cmd":"NODE_MUSTER","msg":""}`)))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := message(got[:len(got)-1], &intern{}); err != nil || m.Kind != Muster {
		t.Errorf("the longest: %v, %v", m.Kind, err)
	}
}

func TestAppendHandle(t *testing.T) {
	inner, err := AppendJSON(nil, Disconnect{6})
	if err != nil {
		t.Fatal(err)
	}
	got, err := AppendHandle([]byte("x"), "dgram.Socket", inner, Field{"dgramType", "udp4"}, Field{"n", 1})
	want := `x{"cmd":"NODE_HANDLE","type":"dgram.Socket","msg":{"cmd":"NODE_CLUSTER","act":"disconnect","seq":6},"dgramType":"udp4","n":1}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = AppendHandle(nil, "net.Socket", []byte("{\n \"a\": 1 }"))
	if want := `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"a":1}}` + "\n"; err != nil || string(got) != want {
		t.Errorf("newlines within: got %s, %v", got, err)
	}
	for name, f := range map[string]func() ([]byte, error){
		"no type":     func() ([]byte, error) { return AppendHandle([]byte("x"), "", []byte("{}")) },
		"not JSON":    func() ([]byte, error) { return AppendHandle([]byte("x"), "t", []byte("{}}")) },
		"empty":       func() ([]byte, error) { return AppendHandle([]byte("x"), "t", nil) },
		"field taken": func() ([]byte, error) { return AppendHandle([]byte("x"), "t", []byte("1"), Field{"msg", 1}) },
		"bad field":   func() ([]byte, error) { return AppendHandle([]byte("x"), "t", []byte("1"), Field{"f", make(chan int)}) },
	} {
		if got, err := f(); err == nil || string(got) != "x" {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// Any key comes out as it went in, except that invalid UTF-8 is replaced.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1:3000:4::", `"\`, "\x00\x1f\x7f\n", "é\u2028😀", "\xff\xc3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		b := AppendNewConn(nil, key, 7)
		if len(b) > MaxInternal || strings.Count(string(b), "\n") != 1 {
			if strings.Count(string(b), "\n") != 1 {
				t.Fatalf("not one line: %q", b)
			}
			return
		}
		m, err := message(b[:len(b)-1], &intern{})
		if err != nil {
			t.Fatal(err)
		}
		var want string
		j, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(j, &want); err != nil {
			t.Fatal(err)
		}
		wantMsg := Message{Kind: Cluster, FD: -1, Handle: "net.Native", Cluster: ClusterMsg{Act: "newconn", Key: want, Seq: 7}}
		if !reflect.DeepEqual(m, wantMsg) {
			t.Fatalf("key %q: %+v", key, m)
		}
	})
}
