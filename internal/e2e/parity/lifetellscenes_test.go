package parity

import (
	"os"

	"muster/engine"
)

// The scenes of workers that look at themselves and tell what they have seen, by
// a message or by their exit code.

// tellsConnected looks at IsConnected before, and in the event.
func tellsConnected(c *engine.Child) int {
	seen := make(chan int, 1)
	c.OnDisconnect(func() {
		if c.IsConnected() {
			seen <- wrong("connected at 'disconnect'")
		} else {
			seen <- ownCode
		}
	})
	if !c.IsConnected() {
		return wrong("not connected at the start")
	}
	if err := c.Send("ready"); err != nil {
		return wrong("%v", err)
	}
	return <-seen
}

func tellsDead(c *engine.Child) int {
	if c.IsDead() {
		return wrong("dead in the worker itself")
	}
	return ownCode
}

func tellsCwd(c *engine.Child) int {
	dir, err := os.Getwd()
	if err != nil {
		return wrong("%v", err)
	}
	if err := c.Send(dir); err != nil {
		return wrong("%v", err)
	}
	return stay(c)
}

func tellsEnv(c *engine.Child) int {
	vars := make(map[string]string)
	for _, name := range envNames {
		vars[name] = os.Getenv(name)
	}
	if err := c.Send(vars); err != nil {
		return wrong("%v", err)
	}
	if n := c.Backlog(); n >= backlogHigh {
		return wrong("a backlog of %d bytes after one message", n)
	}
	return stay(c)
}
