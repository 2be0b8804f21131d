package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"muster/engine"
)

// backlogMax is how many bytes of answers may wait for the primary before the
// worker waits for it.
const backlogMax = 1 << 20

// reply is what the worker answers a message with.
type reply struct {
	Worker int             `json:"worker"`
	PID    int             `json:"pid"`
	Echo   json.RawMessage `json:"echo"` // the message
}

// answerMessages answers each message of the primary's program, so that one
// sees who got it. A handle that came with it is of no use here.
func answerMessages(c *engine.Child) {
	c.OnMessage(func(m engine.Message) {
		if m.Handle != nil {
			_ = m.Handle.Close()
		}
		err := c.Send(reply{c.ID(), os.Getpid(), m.Value})
		if err == nil && c.Backlog() > backlogMax {
			err = c.Flush(context.Background())
		}
		if err != nil && !errors.Is(err, engine.ErrChannelClosed) {
			fmt.Fprintf(os.Stderr, "muster: %v\n", err)
		}
	})
}
