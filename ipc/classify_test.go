package ipc

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func ptr[T any](v T) *T { return &v }

func TestMessage(t *testing.T) {
	user := func(raw string) Message { return Message{Kind: User, FD: -1, Raw: []byte(raw)} }
	cluster := func(c ClusterMsg) Message { return Message{Kind: Cluster, FD: -1, Cluster: c} }
	for _, tt := range []struct {
		name, in string
		want     Message
	}{
		{"string", `"hello"`, user(`"hello"`)},
		{"number", `-1.5e3`, user(`-1.5e3`)},
		{"null", `null`, user(`null`)},
		{"true", `true`, user(`true`)},
		{"array", `[{"cmd":"NODE_CLUSTER"}]`, user(`[{"cmd":"NODE_CLUSTER"}]`)},
		{"empty object", `{}`, user(`{}`)},
		{"white space around", " {\"a\":1}\r", user(`{"a":1}`)},
		{"line separators", "\"\u2028\"", user("\"\u2028\"")},
		{"cmd too short", `{"cmd":"NODE_"}`, user(`{"cmd":"NODE_"}`)},
		{"cmd in lower case", `{"cmd":"node_x"}`, user(`{"cmd":"node_x"}`)},
		{"cmd no string", `{"cmd":["NODE_X"]}`, user(`{"cmd":["NODE_X"]}`)},
		{"names have case", `{"CMD":"NODE_X"}`, user(`{"CMD":"NODE_X"}`)},
		{"cmd deeper", `{"a":{"cmd":"NODE_X"}}`, user(`{"a":{"cmd":"NODE_X"}}`)},
		{"last of two counts: user", `{"cmd":"NODE_X","cmd":"x"}`, user(`{"cmd":"NODE_X","cmd":"x"}`)},
		{"last of two counts: internal", `{"cmd":1,"cmd":"NODE_X"}`,
			Message{Kind: OtherInternal, FD: -1, Cmd: "NODE_X", Raw: []byte(`{"cmd":1,"cmd":"NODE_X"}`)}},
		{"escapes in name and value", `{"a":"}\"\\","\u0063md":"\u004eODE_X"}`,
			Message{Kind: OtherInternal, FD: -1, Cmd: "NODE_X", Raw: []byte(`{"a":"}\"\\","\u0063md":"\u004eODE_X"}`)}},
		{"socket list", `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}`,
			Message{Kind: OtherInternal, FD: -1, Cmd: "NODE_SOCKET_NOTIFY_CLOSE", Raw: []byte(`{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":"k"}`)}},
		{"ack", `{"cmd":"NODE_HANDLE_ACK"}`, Message{Kind: Ack, FD: -1}},
		{"nack", `{"cmd":"NODE_HANDLE_NACK"}`, Message{Kind: Nack, FD: -1}},
		{"ack with spaces", `{ "cmd" : "NODE_HANDLE_ACK" }`, Message{Kind: Ack, FD: -1}},
		{"muster", `{"cmd":"NODE_MUSTER","msg":{"done": 3}}`, Message{Kind: Muster, FD: -1, Raw: []byte(`{"done": 3}`)}},
		{"muster without msg", `{"cmd":"NODE_MUSTER"}`, Message{Kind: Muster, FD: -1, Raw: []byte(`null`)}},
		{"probe", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{}}`,
			Message{Kind: User, FD: -1, Handle: "net.Native", Raw: []byte(`{}`)}},
		{"user handle", `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"conn","key":"k"}`,
			Message{Kind: User, FD: -1, Handle: "net.Socket", HandleKey: []byte(`"k"`), Raw: []byte(`"conn"`)}},
		{"an ack in a wrapper is none", `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"cmd":"NODE_HANDLE_ACK"}}`,
			Message{Kind: OtherInternal, FD: -1, Handle: "net.Socket", Cmd: "NODE_HANDLE_ACK", Raw: []byte(`{"cmd":"NODE_HANDLE_ACK"}`)}},
		{"online", `{"cmd":"NODE_CLUSTER","act":"online","seq":0}`, cluster(ClusterMsg{Act: "online"})},
		{"reply", `{"cmd":"NODE_CLUSTER","ack":5,"accepted":true,"seq":3}`,
			cluster(ClusterMsg{Seq: 3, Ack: 5, HasAck: true, Accepted: true, HasAccepted: true})},
		{"reply in another order", `{"seq":3,"accepted":false,"ack":5.0,"cmd":"NODE_CLUSTER"}`,
			cluster(ClusterMsg{Seq: 3, Ack: 5, HasAck: true, HasAccepted: true})},
		{"bare ack", `{"cmd":"NODE_CLUSTER","ack":0,"seq":9}`, cluster(ClusterMsg{Seq: 9, HasAck: true})},
		{"no numbers at all", `{"cmd":"NODE_CLUSTER","ack":"x","seq":[1],"accepted":1,"act":{}}`, cluster(ClusterMsg{})},
		{"numbers too large", `{"cmd":"NODE_CLUSTER","ack":1e300,"seq":9007199254740992}`, cluster(ClusterMsg{})},
		{"newconn", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"k:1","seq":7}}`,
			Message{Kind: Cluster, FD: -1, Handle: "net.Native", Cluster: ClusterMsg{Act: "newconn", Key: "k:1", Seq: 7}}},
		{"newconn with an escape", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"\u00e9","seq":7}}`,
			Message{Kind: Cluster, FD: -1, Handle: "net.Native", Cluster: ClusterMsg{Act: "newconn", Key: "é", Seq: 7}}},
		{"queryServer of Node 20, no host",
			`{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":3000,"addressType":4,"backlog":false,"seq":1}`,
			cluster(ClusterMsg{Act: "queryServer", Seq: 1, Query: &Query{Port: 3000, AddressType: "4", FD: -1}})},
		{"queryServer of a path",
			`{"cmd":"NODE_CLUSTER","act":"queryServer","index":1,"data":{"ticketKeys":"ab"},"address":"/tmp/s","port":-1,"addressType":-1,"fd":null,"flags":1,"backlog":9,"readableAll":true,"writableAll":true,"seq":1}`,
			cluster(ClusterMsg{Act: "queryServer", Seq: 1, Data: []byte(`{"ticketKeys":"ab"}`), Query: &Query{Address: ptr("/tmp/s"), Port: -1, AddressType: "-1",
				FD: -1, Flags: 1, Backlog: 9, Index: 1, Data: []byte(`{"ticketKeys":"ab"}`), ReadableAll: true, WritableAll: true}})},
		{"queryServer of a descriptor",
			`{"cmd":"NODE_CLUSTER","act":"queryServer","address":null,"port":null,"addressType":null,"fd":5,"seq":1}`,
			cluster(ClusterMsg{Act: "queryServer", Seq: 1, Query: &Query{Port: -1, FD: 5}})},
		{"queryServer of UDP",
			`{"cmd":"NODE_CLUSTER","act":"queryServer","address":"::1","port":"53","addressType":"udp6","flags":5,"seq":1}`,
			cluster(ClusterMsg{Act: "queryServer", Seq: 1, Query: &Query{Address: ptr("::1"), Port: 53, AddressType: "udp6", FD: -1, Flags: 5}})},
		{"queryServer of nonsense",
			`{"cmd":"NODE_CLUSTER","act":"queryServer","address":{},"port":[],"addressType":true,"fd":"x","flags":1e99,"backlog":{},"index":2147483648,"seq":1}`,
			cluster(ClusterMsg{Act: "queryServer", Seq: 1, Query: &Query{Port: -1, FD: -1}})},
		{"close", `{"cmd":"NODE_CLUSTER","act":"close","key":"k","seq":4}`,
			cluster(ClusterMsg{Act: "close", Seq: 4, Key: "k", Query: &Query{Key: "k", Port: -1, FD: -1}})},
		{"answer of round robin",
			`{"cmd":"NODE_CLUSTER","errno":null,"key":"k","ack":1,"data":null,"sockname":{"address":"::","family":"IPv6","port":80},"seq":2}`,
			cluster(ClusterMsg{Seq: 2, Ack: 1, HasAck: true, Key: "k", Sockname: &Sockname{"::", "IPv6", 80}})},
		{"answer of failure", `{"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":1,"sockname":null,"seq":2}`,
			cluster(ClusterMsg{Seq: 2, Ack: 1, HasAck: true, Key: "k", Errno: -98, HasErrno: true})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := message([]byte(tt.in), &intern{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestMessageRefused(t *testing.T) {
	long := strings.Repeat("x", MaxInternal)
	for _, tt := range []struct{ name, in, reason string }{
		{"empty", "", "empty frame"},
		{"garbage", "GET / HTTP/1.1", "not JSON"},
		{"control bytes", "\x1b]0;x\x07\xff", "not JSON"},
		{"two values", `{} {}`, "not JSON"},
		{"cut", `{"cmd":"NODE_CLU`, "not JSON"},
		{"too deep", strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "not JSON"},
		{"handle without type", `{"cmd":"NODE_HANDLE","msg":{}}`, "without a type"},
		{"handle without message", `{"cmd":"NODE_HANDLE","type":"net.Native"}`, "without a type"},
		{"handle with a long type", `{"cmd":"NODE_HANDLE","type":"` + long[:MaxHandleType+1] + `","msg":{}}`, "limit is 64"},
		{"handle with a long key", `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":{},"key":"` + long[:MaxHandleKey] + `"}`, "limit is 1024"},
		{"long internal", `{"cmd":"NODE_MUSTER","msg":"` + long + `"}`, "limit is 65536"},
		{"long internal in a wrapper", `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_X","a":"` + long + `"}}`, "limit is 65536"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := message([]byte(tt.in), &intern{})
			var pe *ProtocolError
			if !errors.As(err, &pe) || !strings.Contains(pe.Reason, tt.reason) {
				t.Fatalf("got %v, want a ProtocolError with %q", err, tt.reason)
			}
			if len(pe.Sample) > 64 {
				t.Errorf("a sample of %d bytes", len(pe.Sample))
			}
			for _, c := range []byte(err.Error()) {
				if c < 0x20 || c > 0x7e {
					t.Fatalf("unsafe byte %#x in %q", c, err.Error())
				}
			}
		})
	}
	// The limit of a user message holds for one in a wrapper.
	m, err := message([]byte(`{"cmd":"NODE_HANDLE","type":"net.Socket","msg":"`+long+`"}`), &intern{})
	if err != nil || m.Kind != User || len(m.Raw) != len(long)+2 {
		t.Errorf("a long user message in a wrapper: %v, %d bytes, %v", m.Kind, len(m.Raw), err)
	}
}
