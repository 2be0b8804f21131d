package parity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"muster/engine"
)

// portScenes are what workers do in the tests of the files port*_test.go.
var portScenes = map[string]func(*engine.Child) int{
	"port-server":  portServer,
	"port-wait":    portWait,
	"port-closing": portClosing,
	"port-bye":     portBye,
	"port-receive": portReceive,
	"port-send":    portSend,
	"port-http":    portHTTP,
}

// portEnv carries an address, or another word, to a scene.
const portEnv = "MUSTER_PARITY_PORT"

// portOrder is what a test tells a worker to do.
type portOrder struct {
	Do      string // a method of server, below
	Network string
	Address string
	FD      int
	Config  engine.ListenConfig
}

// portAnswer is how that went.
type portAnswer struct {
	Addr  string // that it listens on
	Errno string // "EADDRINUSE"; "" = it worked
	Error string
	Text  string
}

// portServer does what it is told. It answers each connection and each datagram
// with the worker's id.
func portServer(c *engine.Child) int {
	s := portHost{c: c, open: make(map[string]io.Closer)}
	for o := range portOrders(c) {
		portMust(c.Send(s.act(o)))
	}
	return 0
}

type portHost struct {
	c    *engine.Child
	open map[string]io.Closer
	full []net.Listener // accept nothing yet
}

func (s *portHost) act(o portOrder) portAnswer {
	switch o.Do {
	case "listen":
		ln, err := o.Config.Listen(o.Network, o.Address)
		if err != nil {
			return portFailed(err)
		}
		return s.serves(o.Address, ln)
	case "listenFD":
		ln, err := engine.ListenFD(o.FD)
		if err != nil {
			return portFailed(err)
		}
		return s.serves("fd", ln)
	case "listenFull": // take no connection until "accept"
		ln, err := engine.Listen(o.Network, o.Address)
		if err != nil {
			return portFailed(err)
		}
		s.full = append(s.full, ln)
		return portAnswer{Addr: ln.Addr().String()}
	case "accept":
		for _, ln := range s.full {
			go serveID(ln, s.c.ID())
		}
		return portAnswer{}
	case "bind":
		pc, err := o.Config.ListenPacket(o.Network, o.Address)
		if err != nil {
			return portFailed(err)
		}
		s.open[o.Address] = pc
		go echoID(pc, s.c.ID())
		return portAnswer{Addr: pc.LocalAddr().String()}
	case "close":
		if err := s.open[o.Address].Close(); err != nil {
			return portFailed(err)
		}
		return portAnswer{}
	case "ask":
		text, err := askID(o.Network, o.Address)
		if err != nil {
			return portFailed(err)
		}
		return portAnswer{Text: text}
	}
	return portFailed(fmt.Errorf("no order %q", o.Do))
}

func (s *portHost) serves(asked string, ln net.Listener) portAnswer {
	s.open[asked] = ln
	go serveID(ln, s.c.ID())
	return portAnswer{Addr: ln.Addr().String()}
}

// serve ends when the listener is closed.
func serveID(ln net.Listener, id int) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, strconv.Itoa(id)) // the client misses it
		_ = conn.Close()
	}
}

// echo ends when the socket is closed.
func echoID(pc net.PacketConn, id int) {
	buf := make([]byte, 64)
	for {
		_, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		_, _ = pc.WriteTo([]byte(strconv.Itoa(id)), from) // the client misses it
	}
}

// failed is an error as it can be sent: the errno and the text.
func portFailed(err error) portAnswer {
	a := portAnswer{Errno: "none", Error: err.Error()}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		a.Errno = unix.ErrnoName(errno)
	}
	return a
}

// portOrders are the messages of the test, until the channel ends.
func portOrders(c *engine.Child) <-chan portOrder {
	orders := make(chan portOrder, 16)
	c.OnDisconnect(func() { close(orders) })
	c.OnMessage(func(m engine.Message) {
		var o portOrder
		portMust(json.Unmarshal(m.Value, &o))
		orders <- o
	})
	return orders
}

// portMust ends a worker whose scene cannot go on.
func portMust(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
