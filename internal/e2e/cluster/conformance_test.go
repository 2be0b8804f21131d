//go:build linux

package cluster

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/e2e/kit"
	"muster/internal/testkit"
)

// formsEnv has a worker serve the handlers below, and the files of this
// directory.
const formsEnv = "MUSTER_CHECKS_FORMS"

// runForms is such a worker.
func runForms(dir string) int {
	var left atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = w.Write(b)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		pace := time.NewTicker(10 * time.Millisecond) // its connection is waited at between the parts
		defer pace.Stop()
		for range 5 {
			fmt.Fprint(w, "part ")
			_ = http.NewResponseController(w).Flush()
			<-pace.C
		}
	})
	mux.HandleFunc("/until-left", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		left.Add(1)
	})
	mux.HandleFunc("/left", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, left.Load()) })
	mux.Handle("/files/", http.StripPrefix("/files/", http.FileServer(http.Dir(dir))))
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, r *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			fmt.Fprint(w, err)
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		echoLines(conn, rw)
	})
	ln, err := engine.Listen("tcp", os.Getenv("MUSTER_ADDR"))
	if err == nil {
		err = engine.ServeHTTP(ln, &http.Server{Handler: mux})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// echoLines answers lines until the client's end. The line "deadline" is
// answered by what a Read says whose deadline passes, "end" by half a close.
func echoLines(conn net.Conn, rw *bufio.ReadWriter) {
	for {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		switch line {
		case "deadline\n":
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, err := conn.Read(make([]byte, 1))
			line = fmt.Sprintf("too late: %t\n", errors.Is(err, os.ErrDeadlineExceeded))
			_ = conn.SetReadDeadline(time.Time{})
		case "end\n":
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
			continue
		}
		if _, err := io.WriteString(conn, line); err != nil {
			return
		}
	}
}

// What HTTP/1.1 and its clients do with a connection works on one that the
// primary has handed over, and on one the worker has taken itself.
func TestPolicy09ConnectionsOfGoWorkersConform(t *testing.T) {
	dir := t.TempDir()
	file := bytes.Repeat([]byte("0123456789abcdef"), 300_000)
	if err := os.WriteFile(filepath.Join(dir, "f"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, policy := range []engine.Policy{engine.SchedRR, engine.SchedNone} {
		t.Run(policy.String(), func(t *testing.T) {
			p := startPrimary(t, nil, primaryConfig{Workers: 1, Policy: policy, Grace: 5 * time.Second, Env: []string{formsEnv + "=" + dir}})
			p.AwaitKind(1, engine.KindListening)
			f := forms{addr: p.Addr(), file: file}
			for name, test := range map[string]func(*testing.T){
				"kept": f.kept, "pipelined": f.pipelined, "byte by byte": f.byteByByte, "after a while": f.late,
				"half-closed": f.halfClosed, "client leaves": f.leaves, "continue": f.expectContinue,
				"file": f.sendsFile, "slow reader": f.slowReader, "upgraded": f.upgraded, "hijacked": f.hijacked,
			} {
				t.Run(name, test)
			}
		})
	}
}

// forms are the tests of one cluster.
type forms struct {
	addr string
	file []byte
}

// answer reads one answer, which must have this body.
func (f forms) answer(t *testing.T, c *client, want string) *http.Response {
	t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || string(b) != want {
		t.Fatalf("an answer of %d bytes, want %d: %.60q, %v", len(b), len(want), b, err)
	}
	return res
}

func (f forms) write(t *testing.T, c *client, text string) {
	t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		t.Fatal(err)
	}
}

// echoed is a request that is answered with its body.
func echoed(body string) string {
	return fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// Bodies around what one call of the system moves.
func (f forms) kept(t *testing.T) {
	c := mustDial(t, f.addr)
	for _, size := range []int{0, 1, 4096, 16<<10 - 1, 16 << 10, 16<<10 + 1, 64 << 10, 64<<10 + 1, 3 << 20, 5} {
		body := strings.Repeat("x", size)
		f.write(t, c, echoed(body))
		f.answer(t, c, body)
	}
}

func (f forms) pipelined(t *testing.T) {
	c := mustDial(t, f.addr)
	var all strings.Builder
	for i := range 50 {
		all.WriteString(echoed(fmt.Sprint("request ", i)))
	}
	f.write(t, c, all.String())
	for i := range 50 {
		f.answer(t, c, fmt.Sprint("request ", i))
	}
}

func (f forms) byteByByte(t *testing.T) {
	c := mustDial(t, f.addr)
	for _, b := range echoed("body") {
		f.write(t, c, string(b))
	}
	f.answer(t, c, "body")
}

// A connection on which nothing comes at first, and then again nothing.
func (f forms) late(t *testing.T) {
	c := mustDial(t, f.addr)
	other := mustDial(t, f.addr) // its answer says that c is with the worker
	f.write(t, other, echoed("other"))
	f.answer(t, other, "other")
	for range 2 {
		f.write(t, c, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		f.answer(t, c, strings.Repeat("part ", 5))
	}
}

func (f forms) halfClosed(t *testing.T) {
	c := mustDial(t, f.addr)
	f.write(t, c, echoed("last"))
	if err := c.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	f.answer(t, c, "last")
	if b, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("after the answer: %q, %v", b, err)
	}
}

func (f forms) leaves(t *testing.T) {
	for n := 1; n <= 3; n++ {
		c := mustDial(t, f.addr)
		f.write(t, c, "GET /until-left HTTP/1.1\r\nHost: a\r\n\r\n")
		_ = c.conn.Close()
		testkit.Eventually(t, kit.Patience, func() bool {
			c := mustDial(t, f.addr)
			f.write(t, c, "GET /left HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			b, err := io.ReadAll(c.r)
			return err == nil && strings.HasSuffix(string(b), "\r\n\r\n"+fmt.Sprint(n))
		}, "the handler does not hear that its client has left")
	}
}

func (f forms) expectContinue(t *testing.T) {
	c := mustDial(t, f.addr)
	head, body, _ := strings.Cut(echoed("body"), "\r\n\r\n")
	f.write(t, c, head+"\r\nExpect: 100-continue\r\n\r\n")
	if line, err := c.r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if line, err := c.r.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	f.write(t, c, body)
	f.answer(t, c, "body")
}

func (f forms) sendsFile(t *testing.T) {
	c := mustDial(t, f.addr)
	for _, part := range [][2]int{{0, len(f.file)}, {0, 1}, {1000, 1 << 20}, {len(f.file) - 3, len(f.file)}} {
		f.write(t, c, fmt.Sprintf("GET /files/f HTTP/1.1\r\nHost: a\r\nRange: bytes=%d-%d\r\n\r\n", part[0], part[1]-1))
		f.answer(t, c, string(f.file[part[0]:part[1]]))
	}
	f.write(t, c, echoed("and on"))
	f.answer(t, c, "and on")
}

// More than the kernel keeps for a client that does not read.
func (f forms) slowReader(t *testing.T) {
	c := mustDial(t, f.addr)
	body := strings.Repeat("y", 20<<20)
	f.write(t, c, echoed(body))
	testkit.Eventually(t, kit.Patience, func() bool { // the answer begins
		_, err := c.r.Peek(1)
		return err == nil
	}, "no answer")
	other := mustDial(t, f.addr)
	f.write(t, other, echoed("meanwhile"))
	f.answer(t, other, "meanwhile")
	f.answer(t, c, body)
}

// Bytes behind the request for the upgrade are the new protocol's.
func (f forms) upgraded(t *testing.T) {
	c := mustDial(t, f.addr)
	f.write(t, c, "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst\n")
	res, err := http.ReadResponse(c.r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", res, err)
	}
	f.line(t, c, "first\n")
	f.hijackedLines(t, c)
}

func (f forms) hijacked(t *testing.T) {
	c := mustDial(t, f.addr)
	f.write(t, c, echoed("kept first"))
	f.answer(t, c, "kept first")
	f.write(t, c, "GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n")
	if res, err := http.ReadResponse(c.r, nil); err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%+v, %v", res, err)
	}
	f.hijackedLines(t, c)
}

func (f forms) line(t *testing.T, c *client, want string) {
	t.Helper()
	if line, err := c.r.ReadString('\n'); err != nil || line != want {
		t.Fatalf("%.60q, %v, want %.60q", line, err, want)
	}
}

func (f forms) hijackedLines(t *testing.T, c *client) {
	t.Helper()
	for _, text := range []string{"second\n", strings.Repeat("z", 100_000) + "\n", "third\n"} {
		f.write(t, c, text)
		f.line(t, c, text)
	}
	f.write(t, c, "deadline\n")
	f.line(t, c, "too late: true\n")
	f.write(t, c, "after it\n")
	f.line(t, c, "after it\n")
	f.write(t, c, "end\n")
	if b, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("after its end: %q, %v", b, err)
	}
	f.write(t, c, "it still reads\n")
}
