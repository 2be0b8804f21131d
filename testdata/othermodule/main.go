// Othermodule is a program of another module that uses muster as a library: a
// worker is greeted and greets back. The tests build it as its users would.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"muster/engine"
)

func main() {
	worker, err := engine.Role()
	switch {
	case err != nil:
	case worker:
		err = work(engine.Self())
	default:
		err = primary()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "othermodule:", err)
		os.Exit(1)
	}
}

func primary() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c, err := engine.New(engine.Options{Workers: -1, NoRestart: true})
	if err != nil {
		return err
	}
	defer c.Close()
	w, err := c.Fork("GREETING=good morning")
	if err != nil {
		return err
	}
	answer := make(chan string, 1)
	w.OnMessage(func(m engine.Message) { answer <- string(m.Value) })
	if err := w.Send("hello"); err != nil {
		return err
	}
	select {
	case text := <-answer:
		fmt.Printf("%v says %s\n", w, text)
	case <-w.Done():
		return fmt.Errorf("%v has ended without an answer", w)
	case <-ctx.Done():
		return fmt.Errorf("no answer: %w", ctx.Err())
	}
	return c.Disconnect(ctx)
}

func work(self *engine.Child) error {
	over := make(chan struct{})
	self.OnDisconnect(func() { close(over) })
	self.OnMessage(func(engine.Message) {
		if err := self.Send(os.Getenv("GREETING")); err != nil {
			fmt.Fprintln(os.Stderr, "othermodule:", err)
		}
	})
	<-over
	return nil
}
