package parity

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"muster/engine"
)

const (
	udpWorkers = 4
	udpEach    = 10 // datagrams that a worker takes, or sends
)

// portReceive takes its share of the datagrams, tells what they were, and
// leaves.
func portReceive(c *engine.Child) int {
	pc, err := engine.ListenPacket("udp4", "127.0.0.1:0")
	portMust(err)
	portMust(c.Send(pc.LocalAddr().String()))
	var got []string
	buf := make([]byte, 64)
	for range udpEach {
		n, _, err := pc.ReadFrom(buf)
		portMust(err)
		got = append(got, string(buf[:n]))
	}
	portMust(pc.Close())
	portMust(c.Send(got))
	c.Disconnect()
	return stay(c)
}

// Four workers share one UDP port. Each takes ten datagrams, closes its socket
// and leaves; the forty that were sent all arrive, each at one worker, and the
// workers that are left get those that others do not take.
func TestDgram1(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		c := portCluster(t, policy(p))
		var ws []*actor
		addr := ""
		for range udpWorkers {
			w := portFork(t, c, "port-receive")
			ws = append(ws, w)
			if got := portHear[string](w); addr == "" {
				addr = got
			} else if got != addr {
				t.Fatalf("%v listens on %s, another one on %s", w, got, addr)
			}
		}
		conn, err := net.Dial("udp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		var want, got []string
		for i := range udpWorkers * udpEach {
			text := fmt.Sprintf("datagram %02d", i)
			want = append(want, text)
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range ws {
			got = append(got, portHear[[]string](w)...)
			w.ends()
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("received %q, want %q", got, want)
		}
	})
}

// portSend sends datagrams from a socket of its own.
func portSend(c *engine.Child) int {
	pc, err := engine.ListenConfig{Exclusive: true}.ListenPacket("udp4", "127.0.0.1:0")
	portMust(err)
	to, err := net.ResolveUDPAddr("udp4", os.Getenv(portEnv))
	portMust(err)
	for i := range udpEach {
		_, err := pc.WriteTo(fmt.Appendf(nil, "%d/%d", c.ID(), i), to)
		portMust(err)
	}
	portMust(pc.Close())
	c.Disconnect()
	return stay(c)
}

// Four workers send ten datagrams each to the primary's program, which gets
// all. In Node a socket that sends before it was bound is bound then, to a port
// of the worker's own; in Go nothing is bound by itself, and ListenConfig.Exclusive
// says the same: four workers, four ports, and nobody else's 'listening'.
func TestDgram2(t *testing.T) {
	t.Parallel()
	bothPolicies(t, func(t *testing.T, p engine.Policy) {
		pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer pc.Close()
		if err := pc.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		c := portCluster(t, policy(p))
		var ws []*actor
		want, got, ports := map[string]int{}, map[string]int{}, map[string]bool{}
		for range udpWorkers {
			w := portFork(t, c, "port-send", portEnv+"="+pc.LocalAddr().String())
			ws = append(ws, w)
			for i := range udpEach {
				want[fmt.Sprintf("%d/%d", w.ID(), i)] = 1
			}
		}
		buf := make([]byte, 64)
		for range udpWorkers * udpEach {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				t.Fatalf("after %v: %v", got, err)
			}
			got[string(buf[:n])]++
			ports[from.String()] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("received %v, want %v", got, want)
		}
		if len(ports) < 2 { // one that is closed may be given out again
			t.Errorf("all came from %v", ports)
		}
		for _, w := range ws {
			w.ends()
		}
		events, _ := c.Events(0)
		if slices.ContainsFunc(events, func(e engine.Event) bool { return e.Kind == engine.KindListening }) {
			t.Error("the primary heard of a socket that is the worker's own")
		}
	})
}

// taken tells whether an address cannot be had.
func taken(network, addr string) bool {
	var c io.Closer
	var err error
	if network == "udp" {
		c, err = net.ListenPacket(network, addr)
	} else {
		c, err = net.Listen(network, addr)
	}
	if err != nil {
		return true
	}
	_ = c.Close()
	return false
}

// A worker asks for the very port that another one got for port 0, and shares
// it. (Node refuses it to this day and lists it among its known issues; its test
// says what it ought to be.) One worker on both is in use as ever, and a TCP port
// of the same number is another matter.
func TestDgramBindSharedPortsAfterPort0(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ do, network, host string }{
		{"bind", "udp", "127.0.0.1"}, {"bind", "udp4", ""}, {"listen", "tcp", "127.0.0.1"}, {"listen", "tcp", ""},
	} {
		t.Run(tt.network+" "+tt.host, func(t *testing.T) {
			c := portCluster(t)
			first, second := portFork(t, c, "port-server"), portFork(t, c, "port-server")
			o := portOrder{Do: tt.do, Network: tt.network, Address: tt.host + ":0"}
			port := portOf(t, first.does(o))
			o.Address = tt.host + ":" + port
			if r := first.tell(o); r.Errno != "EADDRINUSE" {
				t.Errorf("%v asks for its own port again: %+v; want EADDRINUSE", first, r)
			}
			if got := portOf(t, second.does(o)); got != port {
				t.Errorf("%v got port %s, want %s", second, got, port)
			}
			first.leaves()
			addr := "127.0.0.1:" + port
			other := portOrder{Do: "bind", Network: "udp", Address: addr}
			serves := func() { answersID(t, "tcp", addr, second) }
			servesOther := func() { echoes(t, addr, second) }
			if tt.do == "bind" {
				other = portOrder{Do: "listen", Network: "tcp", Address: addr}
				serves, servesOther = servesOther, serves
			}
			serves()
			switch r := second.tell(other); {
			case r.Errno == "EADDRINUSE" && taken(other.Network, addr): // by somebody else on this machine
			case r.Errno != "":
				t.Errorf("%v: %s: %s", second, other.Network, r.Error)
			default:
				servesOther()
				serves()
			}
			second.leaves()
		})
	}
}
