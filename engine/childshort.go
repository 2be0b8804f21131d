package engine

import (
	"muster/ipc"

	"muster/engine/internal/sock"
)

// isShort notes that the worker could not take a connection for want of a
// descriptor, or of memory. The next report tells it: nothing else would.
func (c *Child) isShort(err error) {
	if sock.OutOfResources(err) {
		c.counts.short.Store(new(errnoName(err)))
		c.counts.changed()
	}
}

// missed takes in a message whose descriptor did not arrive: most likely there was
// none left here. Who waits for an answer must not do so for ever.
func (c *Child) missed(m *ipc.Message) {
	if m.Kind == ipc.Cluster {
		c.answer(m)
	}
}
