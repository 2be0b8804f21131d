// Messages shows what a primary and a worker can tell each other: messages both
// ways, questions with answers, a connection and a listening socket.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"muster/engine"
)

func main() {
	// First of all: the worker is this same program.
	worker, err := engine.Role()
	switch {
	case err != nil:
	case worker:
		err = work(engine.Self())
	default:
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		err = primary(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "messages:", err)
		os.Exit(1)
	}
}

// primary forks one worker and talks with it.
func primary(ctx context.Context) error {
	c, err := engine.New(engine.Options{Workers: -1, NoRestart: true})
	if err != nil {
		return err
	}
	defer c.Close() // kills what an error has left behind
	w, err := c.Fork()
	if err != nil {
		return err
	}
	a := newAsker(w)
	for _, n := range []int{7, 12} {
		square, err := a.ask(ctx, n)
		if err != nil {
			return err
		}
		fmt.Printf("%v: the square of %d is %d\n", w, n, square)
	}

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	if err := give(w, "a connection", conn, client); err != nil {
		return err
	}
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil { // nobody has accepted it yet
		return err
	}
	if err := give(w, "a socket that listens", ln, client); err != nil {
		return err
	}
	return c.Disconnect(ctx)
}

// give sends what to the worker, and prints what the client then receives.
func give(w *engine.Worker, what string, v io.Closer, client net.Conn) error {
	defer client.Close()
	h, err := engine.NewHandle(v)
	if err != nil {
		return err
	}
	err = w.SendHandle(what, h)
	// The worker has a copy of its own, and the client sees no end before the
	// last copy is closed.
	_ = h.Close()
	_ = v.Close()
	if err != nil {
		return err
	}
	heard, err := io.ReadAll(client)
	if err != nil {
		return fmt.Errorf("the client of %s: %w", what, err)
	}
	fmt.Printf("on %s: %s\n", what, heard)
	return nil
}
