package parity

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"muster/engine"
)

// talks sends messages that look like the cluster's own, then one of its own,
// and echoes.
func talks(c *engine.Child) int {
	for _, odd := range []string{
		`{"cmd":"NODE_CLUSTER","ack":-1}`, `{"cmd":"NODE_CLUSTER","ack":4711,"accepted":true}`, `{"cmd":"NODE_CLUSTER"}`,
		`{"cmd":"NODE_CLUSTER","act":"no such act"}`, `{"cmd":"NODE_MUSTER"}`, `{"cmd":"NODE_NONSENSE"}`,
	} {
		report(c, json.RawMessage(odd))
	}
	report(c, "done")
	return echo(c)
}

// useHandles uses each handle it gets as what it is, and sends it back.
func useHandles(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) {
		if m.Handle == nil {
			report(c, "no handle")
			return
		}
		defer m.Handle.Close()
		if err := useHandle(m.Handle); err != nil {
			report(c, err.Error())
			return
		}
		if err := c.SendHandle("back", m.Handle); err != nil {
			report(c, err.Error())
		}
	})
	return stay(c)
}

func useHandle(h *engine.Handle) error {
	switch h.Kind {
	case engine.HandleSocket:
		conn, err := h.Conn()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = fmt.Fprintln(conn, "the worker")
		return err
	case engine.HandleServer:
		ln, err := h.Listener()
		if err != nil {
			return err
		}
		defer ln.Close()
		conn, err := ln.Accept()
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = fmt.Fprintln(conn, "the worker")
		return err
	}
	conn, err := h.PacketConn()
	if err != nil {
		return err
	}
	defer conn.Close()
	b := make([]byte, 64)
	n, from, err := conn.ReadFrom(b)
	if err == nil {
		_, err = conn.WriteTo(append([]byte("the worker has "), b[:n]...), from)
	}
	return err
}

// lines writes each line of its input to both of its outputs, and ends with it.
func lines(*engine.Child) int {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println("out", in.Text())
		fmt.Fprintln(os.Stderr, "err", in.Text())
	}
	fmt.Println("out end")
	fmt.Fprintln(os.Stderr, "err end")
	return 0
}

const (
	floodChunk = 16 << 10
	floodMax   = 4 << 20
)

// floods writes floodMax bytes to its output, and tells how many it has when
// asked.
func floods(c *engine.Child) int {
	var written atomic.Int64
	c.OnMessage(func(engine.Message) { report(c, written.Load()) })
	go func() {
		line := strings.Repeat("x", floodChunk-1) + "\n"
		for written.Load() < floodMax {
			n, err := io.WriteString(os.Stdout, line)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	return stay(c)
}

const termEnv = "MUSTER_PARITY_IGNORE_TERM"

// ignoreTerm echoes and does not end at SIGTERM.
func ignoreTerm(c *engine.Child) int {
	signal.Ignore(syscall.SIGTERM)
	return echo(c)
}

// serveWho serves HTTP on a port of its own choice.
func serveWho(c *engine.Child) int {
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	err = engine.ServeHTTP(ln, &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, c.ID())
	})})
	if err != nil {
		return failed(err)
	}
	return 0
}

// lingers echoes, and leaves after a disconnect only when it is told to. With
// termEnv it does not end at SIGTERM.
func lingers(c *engine.Child) int {
	if os.Getenv(termEnv) != "" {
		signal.Ignore(syscall.SIGTERM)
	}
	release := c.Hold()
	c.OnMessage(func(m engine.Message) {
		if text(m) == "go" {
			release()
			return
		}
		report(c, m.Value)
	})
	report(c, "ready")
	return stay(c)
}

// inSequence listens, sends a message and leaves, a step for each message it
// gets.
func inSequence(c *engine.Child) int {
	step := 0
	c.OnMessage(func(engine.Message) {
		step++
		switch step {
		case 1:
			if _, err := engine.Listen("tcp", "127.0.0.1:0"); err != nil {
				os.Exit(failed(err))
			}
		case 2:
			report(c, "step 2")
		case 3:
			c.Disconnect()
		}
	})
	return stay(c)
}
