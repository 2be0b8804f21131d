package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// withHTTP2 is every protocol of net/http.
func withHTTP2() *http.Protocols {
	var p http.Protocols
	p.SetHTTP1(true)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &p
}

// selfSigned is a configuration of TLS with a certificate of its own.
func selfSigned() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, nil
}

// newSession is a client whose requests go over one session at a time.
func newSession(t *testing.T) *http.Client {
	var p http.Protocols
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// fetched is the body of a page; it must have come by HTTP/2.
func fetched(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.ProtoMajor != 2 {
		err = errors.New("it came by " + res.Proto)
	}
	return string(b), err
}

// ways are the ways a server of HTTP/2 can be started.
var ways = []struct {
	name, scheme string
	serve        func(t *testing.T, d *drained, srv *http.Server, ln net.Listener) error
}{
	{"unencrypted", "http", func(t *testing.T, d *drained, srv *http.Server, ln net.Listener) error {
		return srv.Serve(drainListener{ln, d.d})
	}},
	{"ServeTLS", "https", func(t *testing.T, d *drained, srv *http.Server, ln net.Listener) error {
		return srv.ServeTLS(drainListener{ln, d.d}, "", "")
	}},
	{"a TLS listener of the program's", "https", func(t *testing.T, d *drained, srv *http.Server, ln net.Listener) error {
		cfg := srv.TLSConfig.Clone()
		cfg.NextProtos = []string{"h2", "http/1.1"}
		return srv.Serve(drainListener{tls.NewListener(ln, cfg), d.d})
	}},
}

// eachWay runs a test of a server that may have to leave for each of them.
func eachWay(t *testing.T, h http.Handler, f func(t *testing.T, s *drained, url string)) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			cfg, err := selfSigned()
			if err != nil {
				t.Fatal(err)
			}
			srv := &http.Server{Handler: h, Protocols: withHTTP2()}
			if way.scheme == "https" {
				srv.TLSConfig = cfg
			}
			s := startDrainedBy(t, srv, func(s *drained) error { return way.serve(t, s, srv, s.ln) })
			f(t, s, fmt.Sprintf("%s://%s", way.scheme, s.addr))
		})
	}
}

// Behind the connections we follow, net/http saw no TLS: it had no HTTP/2, and
// the client that had negotiated it got nothing.
func TestDrainLetsHTTP2Through(t *testing.T) {
	secured := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.TLS != nil) })
	eachWay(t, secured, func(t *testing.T, s *drained, url string) {
		c := newSession(t)
		var dialled atomic.Uint64
		c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				dialled.Add(1)
			}
			return conn, err
		}
		want := fmt.Sprint(url[:5] == "https")
		for range 3 {
			if got, err := fetched(c, url); err != nil || got != want {
				t.Fatalf("answer %q, %v; want %q, whether it was by TLS", got, err, want)
			}
		}
		c.CloseIdleConnections()
		poll(t, "its connection is counted", func() bool { return s.open() == 0 })
		n := s.d.counts
		// The client may open a second one beside the first.
		if a, c, d, want := n.accepted.Load(), n.closed.Load(), n.done.Load(), dialled.Load(); a != want || c != want || d != 3 {
			t.Errorf("accepted %d, closed %d, answered %d; want %d, %d, 3", a, c, d, want, want)
		}
		if len(s.d.tls) > 0 {
			t.Errorf("%d connections are not forgotten", len(s.d.tls))
		}
	})
}

// rawSession is a session of which each frame is seen.
type rawSession struct {
	io.ReadWriter
}

func (s *rawSession) write(t *testing.T, kind byte, stream uint32, payload ...byte) {
	t.Helper()
	f := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	f = append(f, endHeaders|endStream)
	if kind != frameHeaders {
		f[4] = 0
	}
	f = binary.BigEndian.AppendUint32(f, stream)
	if _, err := s.Write(append(f, payload...)); err != nil {
		t.Fatal(err)
	}
}

// next is the next frame of a kind.
func (s *rawSession) next(t *testing.T, kind byte) (stream uint32, payload []byte) {
	t.Helper()
	for {
		var head [9]byte
		if _, err := io.ReadFull(s, head[:]); err != nil {
			t.Fatalf("no frame of kind %d: %v", kind, err)
		}
		payload = make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
		if _, err := io.ReadFull(s, payload); err != nil {
			t.Fatal(err)
		}
		if head[3] == kind {
			return binary.BigEndian.Uint32(head[5:]), payload
		}
	}
}

// Frames of RFC 9113, 6, and their flags.
const (
	frameData, frameHeaders, frameSettings, frameGoAway = 0, 1, 4, 7

	endStream, endHeaders = 1, 4
)

// beginSession is a client of unencrypted HTTP/2 whose session has begun.
func (s *drained) beginSession(t *testing.T) *rawSession {
	t.Helper()
	c := &rawSession{s.dial(t)}
	c.begin(t)
	return c
}

func (s *rawSession) begin(t *testing.T) {
	t.Helper()
	if _, err := io.WriteString(s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.write(t, frameSettings, 0)
	s.next(t, frameSettings)
}

// get asks for / on a stream: GET, http and / are in HPACK's table.
func (s *rawSession) get(t *testing.T, stream uint32) {
	t.Helper()
	s.write(t, frameHeaders, stream, 0x82, 0x86, 0x84)
}

// A session on which nothing happened heard of the end when its connection was
// closed: what its client was just sending was lost.
func TestDrainSendsGoAwayToIdleSessions(t *testing.T) {
	t.Parallel()
	s := startDrained(t, &http.Server{Handler: echoPath, Protocols: withHTTP2()})
	fresh, used, old := s.beginSession(t), s.beginSession(t), s.dial(t)
	used.get(t, 1)
	used.next(t, frameData)
	late := s.dial(t)
	poll(t, "all are accepted", func() bool { return s.open() == 4 })
	s.leave()
	over := s.drain()
	for name, c := range map[string]*rawSession{"\x00\x00\x00\x00": fresh, "\x00\x00\x00\x01": used} {
		if _, last := c.next(t, frameGoAway); string(last) != name+"\x00\x00\x00\x00" {
			t.Errorf("GOAWAY %q, want that of stream %q without error", last, name)
		}
	}
	// Those of HTTP/1 are not closed for it, and a session may begin on them.
	old.send(t, "/")
	if !old.answer(t, "/") {
		t.Error("no Connection: close")
	}
	(&rawSession{late}).begin(t)
	(&rawSession{late}).next(t, frameGoAway)
	receive(t, over)
}

// What is under way on a session is finished, and what comes later goes to
// another worker.
func TestDrainFinishesStreams(t *testing.T) {
	t.Parallel()
	began, finish := make(chan struct{}, 1), make(chan struct{})
	release := sync.OnceFunc(func() { close(finish) })
	defer release()
	s := startDrained(t, &http.Server{Protocols: withHTTP2(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		<-finish
		_, _ = io.WriteString(w, "done")
	})})
	c, idle := s.beginSession(t), s.dial(t)
	c.get(t, 1)
	receive(t, began)
	s.leave()
	over := s.drain()
	if _, last := c.next(t, frameGoAway); string(last[:4]) != "\x00\x00\x00\x01" {
		t.Errorf("GOAWAY %q", last)
	}
	c.get(t, 3)
	idle.closed(t) // so the second is over
	select {
	case <-over:
		t.Fatal("the drain is over though a stream is open")
	case <-began:
		t.Error("a stream was taken that the client was told to send elsewhere")
	default:
	}
	release()
	if stream, body := c.next(t, frameData); stream != 1 || string(body) != "done" {
		t.Errorf("stream %d got %q", stream, body)
	}
	receive(t, over)
}

// A connection that was hijacked from a TLS listener of the program's is open
// until it is closed, though no wrapper of ours sees that.
func TestDrainWaitsForHijackedTLS(t *testing.T) {
	t.Parallel()
	got := make(chan net.Conn, 1)
	hijack := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
		}
		got <- conn
	})
	eachWay(t, hijack, func(t *testing.T, s *drained, url string) {
		if url[:5] != "https" {
			return // TestDrainWaitsForHijackedConnections
		}
		conn, err := tls.Dial("tcp", s.addr.String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		hijacked := receive(t, got)
		s.leave()
		began := time.Now()
		if n := s.d.closeIdle(began, began.Add(time.Hour)); n != 1 {
			t.Errorf("%d open", n)
		}
		over := s.drain()
		if _, err := io.WriteString(hijacked, "x"); err != nil {
			t.Errorf("it cannot be written to: %v", err)
		}
		hijacked.Close()
		receive(t, over)
	})
}

// A program that wants no HTTP/2, or brings its own, is left alone.
func TestWantsHTTP2(t *testing.T) {
	none := map[string]func(*http.Server, *tls.Conn, http.Handler){}
	own := map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": nil}
	var one http.Protocols
	one.SetHTTP1(true)
	for _, c := range []struct {
		name string
		srv  *http.Server
		want bool
	}{
		{"nothing said", &http.Server{}, true},
		{"all protocols", &http.Server{Protocols: withHTTP2()}, true},
		{"no entry", &http.Server{TLSNextProto: none}, false},
		{"another's", &http.Server{TLSNextProto: own}, false},
		{"another's, and all protocols", &http.Server{TLSNextProto: own, Protocols: withHTTP2()}, false},
		{"HTTP/1 alone", &http.Server{Protocols: &one}, false},
	} {
		if got := wantsHTTP2(c.srv); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Every worker of a cluster is restarted, again and again, while sessions with
// many streams go on.
func TestRestartLosesNoStreams(t *testing.T) {
	for scheme, policy := range map[string]Policy{"http": SchedRR, "https": SchedNone} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			o := Options{Addr: "127.0.0.1:0", Workers: 2, Policy: policy, Grace: 20 * time.Second}
			if scheme == "https" {
				o.Settings.Env = []string{securedEnv + "=1"}
			}
			restartUnderSessions(t, o, scheme)
		})
	}
}

func restartUnderSessions(t *testing.T, o Options, scheme string) {
	c := runCluster(t, o)
	url := scheme + "://" + c.Snapshot().Addresses[0].String()

	const sessions, streams, rounds = 4, 4, 2
	var clients sync.WaitGroup
	var over atomic.Bool
	var answers atomic.Int64
	for range sessions {
		client := newSession(t)
		for range streams {
			clients.Go(func() {
				for !over.Load() {
					if _, err := fetched(client, url); err != nil {
						t.Error(err)
						return
					}
					answers.Add(1)
				}
			})
		}
	}
	defer clients.Wait()
	defer over.Store(true)

	for range rounds {
		before := answers.Load()
		var old []int
		poll(t, "two workers answer requests", func() bool {
			old = thatListen(c)
			return len(old) == 2 && answers.Load() > before+sessions*streams
		})
		for _, id := range old {
			if _, err := c.Do(t.Context(), Command{Op: OpRestart, Worker: id}); err != nil {
				t.Fatal(err)
			}
		}
		poll(t, "both were replaced", func() bool {
			s := c.Snapshot()
			return s.ByID(old[0]) == nil && s.ByID(old[1]) == nil && len(thatListen(c)) == 2
		})
	}
	events, _ := c.Events(0)
	for _, e := range events {
		if e.Kind == KindKill {
			t.Errorf("a session held its worker until the grace was over: %+v", e)
		}
	}
}

func thatListen(c *Cluster) (ids []int) {
	for _, w := range c.Snapshot().Workers {
		if w.State == StateListening {
			ids = append(ids, w.ID)
		}
	}
	return ids
}
