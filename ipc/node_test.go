//go:build unix

package ipc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// nodeWorker is an unmodified Node program: it listens, and echoes messages.
const nodeWorker = `
process.on('message', (m, h) => { process.send(h ? {got: m, handle: true} : m, h) })
require('http').createServer((q, r) => r.end('hi')).listen(0, '127.0.0.1')
`

// The real thing at the other end: start, listen, hand-off, probes, echo of a
// long message and of a descriptor.
func TestNodeWorker(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node here")
	}
	noFDLeak(t)
	script := filepath.Join(t.TempDir(), "worker.js")
	if err := os.WriteFile(script, []byte(nodeWorker), 0o600); err != nil {
		t.Fatal(err)
	}
	c, f, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, script)
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_UNIQUE_ID=1")
	cmd.ExtraFiles = []*os.File{f}
	cmd.Stderr = os.Stderr
	err = cmd.Start()
	f.Close()
	if err != nil {
		c.Close()
		t.Fatal(err)
	}
	stuck := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer func() {
		c.Close() // ends the worker if the test has failed half-way
		cmd.Wait()
		stuck.Stop()
	}()

	next := reader(t, c)
	send := func(line []byte, fd int) {
		t.Helper()
		if err := c.Send(line, fd); err != nil {
			t.Fatal(err)
		}
	}
	want := func(what string, ok bool, m Message) {
		t.Helper()
		if !ok {
			t.Fatalf("%s: got %+v", what, m)
		}
	}

	m := next()
	want("online", m.Cluster.Act == "online", m)
	m = next()
	q := m.Cluster.Query
	want("queryServer", m.Cluster.Act == "queryServer" && q != nil && q.Port == 0 && q.AddressType == "4" &&
		q.Address != nil && *q.Address == "127.0.0.1", m)
	line, err := AppendJSON(nil, QueryReply{Ack: m.Cluster.Seq, Seq: 1, Key: "k", Sockname: &Sockname{"127.0.0.1", "IPv4", 4444}})
	if err != nil {
		t.Fatal(err)
	}
	send(line, -1)
	m = next()
	want("listening", m.Cluster.Act == "listening" && m.Cluster.Query.Port == 4444, m)

	ours, theirs := tcpPair(t)
	send(AppendNewConn(nil, "k", 77), theirs)
	m = next()
	want("ack", m.Kind == Ack, m)
	m = next()
	want("accepted", m.Cluster.Ack == 77 && m.Cluster.Accepted, m)
	if _, err := unix.Write(ours, []byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	if n, err := unix.Read(ours, b); err != nil || !strings.HasPrefix(string(b[:n]), "HTTP/1.1 200") {
		t.Fatalf("the worker answered %q, %v", b[:max(n, 0)], err)
	}

	// Together, so that it reads them at once.
	probe := sockets(t, 1)[0]
	if err := unix.SetNonblock(probe, true); err != nil {
		t.Fatal(err)
	}
	_, theirs = tcpPair(t)
	send([]byte(`"before"`), -1)
	send(AppendProbe(nil, 78), probe)
	send(AppendNewConn(nil, "k", 79), theirs)
	send(AppendProbe(nil, 80), probe)
	send([]byte(`"after"`), -1)
	var got string
	for range 8 {
		switch m = next(); {
		case m.Kind == Cluster:
			got += fmt.Sprintf("%d:%v ", m.Cluster.Ack, m.Cluster.Accepted)
		case m.Kind == User:
			got += string(m.Raw) + " "
		default:
			want("ack", m.Kind == Ack, m)
		}
	}
	want(got, got == `"before" 78:false 79:true 80:false "after" `, m)

	long := `"` + strings.Repeat("é", 512<<10) + `"`
	send([]byte(long), -1)
	m = next()
	want("echo of 1 MiB", m.Kind == User && string(m.Raw) == long, Message{Kind: m.Kind})

	_, sock := tcpPair(t)
	line, err = AppendHandle(nil, "net.Socket", []byte(`"take"`))
	if err != nil {
		t.Fatal(err)
	}
	send(line, sock)
	m = next()
	want("ack", m.Kind == Ack, m)
	m = next()
	want("echo of a descriptor", m.Handle == "net.Socket" && m.FD >= 0 && string(m.Raw) == `{"got":"take","handle":true}`, m)
	if !same(t, m.FD, sock) {
		t.Error("another descriptor came back")
	}
	closeFD(m.FD)
	send(AppendAck(nil), -1)

	c.CloseWhenSent() // the worker sees the end, and leaves
	if ms, err := readToError(c); err == nil {
		t.Errorf("after the end: %v", ms)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the worker ended with %v", err)
	}
}

// reader gives the messages of c one by one.
func reader(t *testing.T, c *Conn) func() Message {
	var ms []Message
	return func() Message {
		t.Helper()
		if len(ms) == 0 {
			ms = readN(t, c, 1)
		}
		m := ms[0]
		ms = ms[1:]
		return m
	}
}

// tcpPair is a TCP connection; the second end is non-blocking, to be sent.
func tcpPair(t *testing.T) (ours, theirs int) {
	t.Helper()
	fds := sockets(t, 2)
	l, ours := fds[0], fds[1]
	if err := unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(l, 1); err != nil {
		t.Fatal(err)
	}
	addr, err := unix.Getsockname(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(ours, addr); err != nil {
		t.Fatal(err)
	}
	theirs, _, err = unix.Accept(l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeFD(theirs) })
	unix.CloseOnExec(theirs)
	if err := unix.SetNonblock(theirs, true); err != nil {
		t.Fatal(err)
	}
	return ours, theirs
}
