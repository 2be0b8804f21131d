package engine

import (
	"encoding/json"
	"os"
)

// Message is a message of a worker's program.
type Message struct {
	Worker int
	Value  json.RawMessage // any JSON value
	Handle *Handle         // nil = none; the receiver owns it and must close it
}

// drop closes the handle of a message nobody takes.
func (m Message) drop() {
	if m.Handle != nil {
		_ = m.Handle.Close()
	}
}

// closeFD closes a descriptor that came with a message; a negative one is none.
func closeFD(fd int) {
	if fd >= 0 {
		_ = os.NewFile(uintptr(fd), "handle").Close()
	}
}
