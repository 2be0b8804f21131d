package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"

	"muster/engine"
)

// work is the worker: it does what messages ask for, until the channel ends.
func work(self *engine.Child) error {
	over := make(chan struct{})
	self.OnDisconnect(func() { close(over) })
	self.OnMessage(func(m engine.Message) {
		if err := handle(self, m); err != nil {
			fmt.Fprintf(os.Stderr, "messages: worker %d: %v\n", self.ID(), err)
		}
	})
	<-over
	return nil
}

func handle(self *engine.Child, m engine.Message) error {
	if m.Handle != nil {
		defer m.Handle.Close() // what is made of it has a descriptor of its own
		return greet(self, m.Handle)
	}
	var q question
	if err := json.Unmarshal(m.Value, &q); err != nil {
		return fmt.Errorf("message %s: %w", m.Value, err)
	}
	return self.Send(answer{q.ID, q.Number * q.Number})
}

// greet says hello on a connection, or on the first one of a listening socket.
func greet(self *engine.Child, h *engine.Handle) error {
	var conn net.Conn
	var err error
	switch h.Kind {
	case engine.HandleServer:
		var ln net.Listener
		if ln, err = h.Listener(); err != nil {
			return err
		}
		defer ln.Close()
		conn, err = ln.Accept()
	default:
		conn, err = h.Conn()
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "worker %d at your service", self.ID())
	return err
}
