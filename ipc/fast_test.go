package ipc

import (
	"bytes"
	"maps"
	"reflect"
	"strings"
	"testing"
)

var hotFrames = map[string]string{
	"accepted": `{"cmd":"NODE_CLUSTER","ack":5,"accepted":true,"seq":3}`,
	"refused":  `{"cmd":"NODE_CLUSTER","ack":123456,"accepted":false,"seq":0}`,
	"ack":      `{"cmd":"NODE_HANDLE_ACK"}`,
	"nack":     `{"cmd":"NODE_HANDLE_NACK"}`,
	"newconn":  `{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"127.0.0.1:3000:4::","seq":7}}`,
}

// severalFrame is a hot frame that allocates.
var severalFrame = string(AppendNewConns(nil, "127.0.0.1:3000:4::", 7, 8, 1<<40))

func TestFastPathTakesTheHotFrames(t *testing.T) {
	frames := maps.Clone(hotFrames)
	frames["several"] = strings.TrimSuffix(severalFrame, "\n")
	for name, frame := range frames {
		m, ok := fastMessage([]byte(frame), &intern{})
		if !ok {
			t.Errorf("%s: left to the slow path", name)
		}
		slow, err := slowMessage([]byte(frame))
		if err != nil || !reflect.DeepEqual(m, slow) {
			t.Errorf("%s: fast %+v, slow %+v, %v", name, m, slow, err)
		}
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	for name, frame := range hotFrames {
		b, names := []byte(frame), &intern{}
		if _, err := message(b, names); err != nil { // interns the key
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(200, func() { _, _ = message(b, names) }); n != 0 {
			t.Errorf("decoding %s: %v allocations", name, n)
		}
	}
	buf := make([]byte, 0, 512)
	for name, f := range map[string]func(){
		"newconn":  func() { AppendNewConn(buf, "127.0.0.1:3000:4:é", 1<<40) },
		"accepted": func() { AppendAccepted(buf, 1<<40, 1<<41, true) },
		"ack":      func() { AppendNack(AppendAck(buf)) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("encoding %s: %v allocations", name, n)
		}
	}
}

func TestInternIsBounded(t *testing.T) {
	var names intern
	for i := range 1000 {
		b := bytes.Repeat([]byte("k"), i)
		if got := names.get(b); got != string(b) {
			t.Fatalf("got %q", got)
		}
	}
	total := 0
	for s := range names.m {
		total += len(s)
	}
	if len(names.m) > 64 || total > 64*256 {
		t.Errorf("keeps %d strings of %d bytes", len(names.m), total)
	}
}

// The fast path must read what the slow path reads, wherever it takes a frame.
func FuzzFastPath(f *testing.F) {
	for _, frame := range hotFrames {
		f.Add([]byte(frame))
		f.Add([]byte(strings.Replace(frame, ":", " :", 1)))
		f.Add([]byte(frame + " "))
	}
	for _, more := range []string{`[8,9]`, `[]`, `[8`, `[8,]`, `[8,9]]`, `[08]`, `["8"]`, `8`} {
		f.Add([]byte(strings.Replace(hotFrames["newconn"], `7}`, `7,"more":`+more+`}`, 1)))
	}
	f.Add([]byte(`{"cmd":"NODE_CLUSTER","ack":05,"accepted":true,"seq":3}`))
	f.Add([]byte(`{"cmd":"NODE_CLUSTER","ack":9999999999999999,"accepted":true,"seq":-3}`))
	f.Add([]byte(`{"cmd":"NODE_CLUSTER","ack":9999999999999999,"accepted":true,"seq":3}`))
	f.Add([]byte(`{"cmd":"NODE_HANDLE","type":"net.Native","msg":{"cmd":"NODE_CLUSTER","act":"newconn","key":"a\"b","seq":7}}`))
	f.Add([]byte("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Native\",\"msg\":{\"cmd\":\"NODE_CLUSTER\",\"act\":\"newconn\",\"key\":\"\xff\",\"seq\":7}}"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		fast, ok := fastMessage(frame, &intern{})
		if !ok {
			return
		}
		slow, err := slowMessage(frame)
		if err != nil {
			t.Fatalf("%q: the slow path refuses it: %v", frame, err)
		}
		if !reflect.DeepEqual(fast, slow) {
			t.Fatalf("%q:\nfast %+v\nslow %+v", frame, fast, slow)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for name, frame := range hotFrames {
		b.Run(name, func(b *testing.B) {
			in, names := []byte(frame), &intern{}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := message(in, names); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	buf := make([]byte, 0, 512)
	b.Run("newconn", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendNewConn(buf[:0], "127.0.0.1:3000:4::", 123456)
		}
	})
	b.Run("accepted", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendAccepted(buf[:0], 123456, 654321, true)
		}
	})
	b.Run("ack", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendAck(buf[:0])
		}
	})
}
