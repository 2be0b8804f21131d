package parity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"muster/engine"
)

// lifeScenes are what workers do in the tests of the files life*_test.go.
var lifeScenes = map[string]func(*engine.Child) int{
	"idles":            stay,
	"listens":          listens,
	"listens-if-told":  listensIfTold,
	"two-servers":      twoServers,
	"obeys":            obeys,
	"leaves":           leaves,
	"leaves-and-stays": leavesAndStays,
	"lives-on":         livesOn,
	"exits-listening":  exitsListening,
	"exits":            func(*engine.Child) int { return ownCode },
	"spins":            spins,
	"hangs":            hangs,
	"holds-a-client":   holdsAClient,
	"tells-connected":  tellsConnected,
	"tells-dead":       tellsDead,
	"tells-cwd":        tellsCwd,
	"tells-env":        tellsEnv,
	"freezes-primary":  freezesPrimary,

	"primary-to-freeze":       primaryToFreeze,
	"primary-exits":           doomedPrimary(func(*engine.Cluster) { os.Exit(0) }),
	"primary-waits":           doomedPrimary(func(*engine.Cluster) {}),
	"primary-panics":          doomedPrimary(func(*engine.Cluster) { go panic(crashText) }),
	"primary-listener-panics": doomedPrimary(panicInListener),
}

// Exit codes of the scenes. 0 is what the engine itself ends a worker with.
const (
	ownCode   = 42 // the program has come to its own end
	wrongCode = 3  // it has seen what it should not: it says what on stderr
	lateCode  = 9  // what it waited for did not come
)

// wrong is the end of a scene that has seen what it should not.
func wrong(format string, args ...any) int {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	return wrongCode
}

// told follows SIGUSR1, by which a test tells a worker without a channel to go
// on. What it returns waits for it.
func told() func() bool {
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGUSR1)
	return func() bool {
		select {
		case <-sig:
			return true
		case <-time.After(patience):
			return false
		}
	}
}

// listens has a server, unless it was told to leave before.
func listens(c *engine.Child) int {
	_, err := engine.Listen("tcp", "127.0.0.1:0")
	switch {
	case err == nil:
		_ = c.Send("listening") // a channel that has ended is what the test is about
	case !errors.Is(err, net.ErrClosed):
		return wrong("listen: %v", err)
	}
	return stay(c)
}

// listensIfTold listens when a message has come, so that the test sees it
// before.
func listensIfTold(c *engine.Child) int {
	for _, name := range []string{"NODE_UNIQUE_ID", "NODE_CHANNEL_FD"} {
		if v, ok := os.LookupEnv(name); ok {
			return wrong("%s=%s is in the environment", name, v)
		}
	}
	if !engine.IsWorker() || engine.IsPrimary() {
		return wrong("worker %v, primary %v", engine.IsWorker(), engine.IsPrimary())
	}
	come := make(chan struct{}, 1)
	c.OnMessage(func(engine.Message) { come <- struct{}{} })
	<-come
	return listens(c)
}

// twoServers answers on two ports with its id.
func twoServers(c *engine.Child) int {
	for range 2 {
		ln, err := engine.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return wrong("listen: %v", err)
		}
		go func() { // ends when the listener is closed
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprintf(conn, "echo %d", c.ID()) // the client checks it
				_ = conn.Close()
			}
		}()
	}
	return stay(c)
}

// obeys calls what it is told to.
func obeys(c *engine.Child) int {
	c.OnMessage(func(m engine.Message) {
		if !c.IsConnected() {
			return
		}
		switch string(m.Value) {
		case `"kill"`:
			c.Kill()
		case `"destroy"`:
			c.Destroy()
		case `"disconnect"`:
			c.Disconnect()
		}
	})
	return stay(c)
}

// leaves disconnects by itself and looks at what it knows then.
func leaves(c *engine.Child) int {
	seen := make(chan int, 1)
	c.OnDisconnect(func() {
		if voluntary, known := c.ExitedAfterDisconnect(); !voluntary || !known || c.IsConnected() {
			seen <- wrong("at 'disconnect': exitedAfterDisconnect %v (known: %v), connected %v", voluntary, known, c.IsConnected())
			return
		}
		seen <- 0
	})
	if _, known := c.ExitedAfterDisconnect(); known {
		return wrong("exitedAfterDisconnect is known before anything has happened")
	}
	c.Disconnect()
	if voluntary, known := c.ExitedAfterDisconnect(); !voluntary || !known {
		return wrong("after Disconnect: exitedAfterDisconnect %v (known: %v)", voluntary, known)
	}
	return <-seen
}

// leavesAndStays disconnects by itself, and lives on until a signal ends it.
func leavesAndStays(c *engine.Child) int {
	if !c.IsConnected() {
		return wrong("not connected at the start")
	}
	c.Disconnect()
	<-time.After(patience)
	return lateCode
}

// livesOn has a server, and something to do after the end of its channel: it
// ends with its own code when it is told to. A message has it end the channel
// past the API, which is Node's process.disconnect().
func livesOn(c *engine.Child) int {
	goOn := told()
	over := make(chan struct{})
	var bare atomic.Bool
	c.OnDisconnect(func() {
		voluntary, known := c.ExitedAfterDisconnect()
		if c.IsConnected() || !known || voluntary == bare.Load() {
			os.Exit(wrong("at 'disconnect': exitedAfterDisconnect %v (known: %v), connected %v", voluntary, known, c.IsConnected()))
		}
		close(over)
	})
	c.OnMessage(func(engine.Message) {
		bare.Store(true)
		if err := syscall.Shutdown(channel, syscall.SHUT_RDWR); err != nil {
			os.Exit(wrong("shutdown: %v", err))
		}
	})
	if _, err := engine.Listen("tcp", "127.0.0.1:0"); err != nil {
		return wrong("listen: %v", err)
	}
	<-over
	if !goOn() {
		return lateCode
	}
	return ownCode
}

// channel is the descriptor of a worker's channel.
const channel = 3

// exitsListening ends by itself as soon as it listens, and the primary was told.
func exitsListening(c *engine.Child) int {
	if _, err := engine.Listen("tcp", "127.0.0.1:0"); err != nil {
		return wrong("listen: %v", err)
	}
	if err := c.Flush(context.Background()); err != nil {
		return wrong("flush: %v", err)
	}
	return ownCode
}

// spins says that it is there, and does not listen to anybody any more.
func spins(c *engine.Child) int {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := errors.Join(c.Send("spinning"), c.Flush(ctx)); err != nil {
		return wrong("%v", err)
	}
	for n := uint64(1); ; n++ {
		if n == 0 {
			return lateCode
		}
	}
}

// hangs when its channel ends: by itself it would live on for ten seconds.
func hangs(c *engine.Child) int {
	c.OnDisconnect(func() { <-time.After(patience) })
	<-time.After(patience)
	return lateCode
}

// holdsAClient has a connection to the test, echoes what comes, and lives for
// as long as that does.
func holdsAClient(*engine.Child) int {
	conn, err := net.Dial("tcp", os.Getenv(peerEnv))
	if err != nil {
		return wrong("dial: %v", err)
	}
	defer conn.Close()
	if _, err := io.Copy(struct{ io.Writer }{conn}, conn); err != nil {
		return wrong("echo: %v", err)
	}
	return ownCode
}

// peerEnv is the address holdsAClient connects to.
const peerEnv = "MUSTER_PARITY_PEER"
