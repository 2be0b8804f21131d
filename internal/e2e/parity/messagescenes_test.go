package parity

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strings"
	"syscall"

	"muster/engine"
)

// messageScenes are what workers do in the tests of the files message*_test.go,
// setup*_test.go, badinput*_test.go and close*_test.go.
var messageScenes = map[string]func(*engine.Child) int{
	"echo":        echo,
	"relay":       relay,
	"throws":      throws,
	"trade":       trade,
	"tell":        tell,
	"counts":      counts,
	"unsendable":  sendUnsendable,
	"badhandles":  sendBadHandles,
	"twice":       listenTwice,
	"outlives":    outlives,
	"handles":     useHandles,
	"lines":       lines,
	"floods":      floods,
	"untermed":    ignoreTerm,
	"http":        serveWho,
	"lingers":     lingers,
	"talks":       talks,
	"in-sequence": inSequence,
}

// echo sends back what it is sent.
func echo(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) { report(c, m.Value) })
	return stay(c)
}

// report sends a message that must go.
func report(c *engine.Child, message any) {
	if err := c.Send(message); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// failed ends a scene that could not be played.
func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// relay passes what TCP clients say to the primary, a message a line, and what
// the primary says to the newest client.
func relay(c *engine.Child) int {
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			remove := c.OnMessage(func(m engine.Message) { fmt.Fprintln(conn, text(m)) })
			for in := bufio.NewScanner(conn); in.Scan(); {
				report(c, in.Text())
			}
			remove()
			conn.Close()
		}
	}()
	return stay(c)
}

// throws listens where it is told to, and panics if that address is in use.
func throws(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) {
		defer func() {
			if v := recover(); v != nil {
				report(c, fmt.Sprint("thrown: ", v))
			}
		}()
		_, err := engine.Listen("tcp", text(m))
		if errors.Is(err, syscall.EADDRINUSE) {
			panic(err)
		}
		report(c, fmt.Sprint("listens: ", err))
	})
	return stay(c)
}

// text is a message that is a string.
func text(m engine.Message) string {
	var s string
	if err := json.Unmarshal(m.Value, &s); err != nil {
		return string(m.Value)
	}
	return s
}

const (
	tradeCount = 200      // connections that go each way
	tradeSize  = 32 << 10 // bytes of the message with each: more than the channel holds
)

// trade sends the first connection it gets back tradeCount times, while more
// come.
func trade(c *engine.Child) int {
	got := 0
	c.OnMessage(func(m engine.Message) {
		if m.Handle == nil {
			return
		}
		got++
		switch got {
		case 1:
			go func() {
				defer m.Handle.Close()
				for range tradeCount {
					if err := c.SendHandle(strings.Repeat("w", tradeSize), m.Handle); err != nil {
						report(c, err.Error())
					}
				}
			}()
			return
		case tradeCount:
			report(c, "complete")
		}
		m.Handle.Close()
	})
	return stay(c)
}

// asStarted is what a worker tells about how it was started.
type asStarted struct {
	Args []string
	Cwd  string
	Env  string // of tellEnv
}

const tellEnv = "MUSTER_PARITY_TELL"

func tell(c *engine.Child) int {
	cwd, err := os.Getwd()
	if err != nil {
		return failed(err)
	}
	report(c, asStarted{Args: os.Args[1:], Cwd: cwd, Env: os.Getenv(tellEnv)})
	return stay(c)
}

// counts tells what number each message has. It listens for messages only when
// those sent at once have come: the answer to a listen comes after them.
func counts(c *engine.Child) int {
	if _, err := engine.Listen("tcp", "127.0.0.1:0"); err != nil {
		return failed(err)
	}
	n := 0
	c.OnMessage(func(m engine.Message) {
		n++
		report(c, fmt.Sprintf("%d: %s", n, m.Value))
	})
	return stay(c)
}

// unsendable are values JSON cannot carry, and a word of the reason.
func unsendable() map[string]any {
	type ring struct{ Next *ring }
	round := new(ring)
	round.Next = round
	return map[string]any{"func()": func() {}, "chan int": make(chan int), "NaN": math.NaN(), "cycle": round}
}

// sendUnsendable tries to send what cannot be sent, and tells the errors by
// the word they must hold.
func sendUnsendable(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) {
		errs := make(map[string]string)
		for word, v := range unsendable() {
			errs[word] = fmt.Sprint(c.Send(v))
		}
		report(c, errs)
	})
	return stay(c)
}

// badHandles are handles a channel cannot carry, by what is wrong. The caller
// closes them.
func badHandles() (map[string]*engine.Handle, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	good, err := engine.NewHandle(conn)
	if err != nil {
		return nil, err
	}
	closed, err := engine.NewHandle(conn)
	if err != nil {
		return nil, err
	}
	closed.Close()
	return map[string]*engine.Handle{
		"pipe":    {Kind: engine.HandleSocket, File: r},
		"file":    {Kind: engine.HandleServer, File: null},
		"fish":    {Kind: "fish", File: good.File},
		"closed":  closed,
		"no file": {Kind: engine.HandleSocket},
	}, nil
}

// sendBadHandles tells what comes of sending each.
func sendBadHandles(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) {
		hs, err := badHandles()
		if err != nil {
			report(c, err.Error())
			return
		}
		errs := make(map[string]string)
		for what, h := range hs {
			errs[what] = fmt.Sprint(c.SendHandle("with a handle", h))
			h.Close()
		}
		report(c, errs)
	})
	return stay(c)
}

// listenTwice listens on one address two times and tells the second error; the
// first listener serves.
func listenTwice(c *engine.Child) int {
	ln, err := engine.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return failed(err)
	}
	_, err = engine.Listen("tcp", ln.Addr().String())
	report(c, fmt.Sprintf("%v: %v", errors.Is(err, syscall.EADDRINUSE), err))
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "the first\n")
			conn.Close()
		}
	}()
	return stay(c)
}

// outlives closes its channel when it gets a message, prints what sending gives
// then, and lives until its input ends.
func outlives(c *engine.Child) int {
	ended := make(chan struct{})
	c.OnDisconnect(func() { close(ended) })
	c.OnMessage(func(engine.Message) { c.Disconnect() })
	<-ended
	err := c.Send("too late")
	fmt.Printf("%v: %v\n", errors.Is(err, engine.ErrChannelClosed), err)
	io.Copy(io.Discard, os.Stdin)
	return 7
}
