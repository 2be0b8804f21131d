package engine

import (
	"cmp"
	"encoding/json"
	"sync/atomic"
	"time"
)

const (
	// keptFor is how long a kept connection may wait, from the leave on, for
	// one more request, whose answer says that it is the last. Most active
	// clients ask within that time, and lose nothing. With one second, clients
	// that ask about once a second sent their request just as the connection
	// was closed.
	keptFor = 5 * time.Second
	// idleFor is the same if no other worker would serve the clients. A
	// connection that was in use when the leave began has this time in any
	// case. Closing idle ones at once, as http.Server.Shutdown does, lost 1.5
	// to 7 % of keep-alive requests.
	idleFor = time.Second
	// lingerFor is how long a connection is read after its end was sent: a
	// close with unread bytes is a reset.
	lingerFor = 500 * time.Millisecond
)

// kept is the message in which a primary tells a Go worker keptLimit, in ms.
type kept struct {
	Ms *int64 `json:"kept_ms"`
}

// keptTime is the limit a worker was told.
type keptTime struct{ ns atomic.Int64 } // 0 = nothing

// take takes in a NODE_MUSTER message of the primary, which may be of any kind.
func (k *keptTime) take(raw []byte) {
	var m kept
	if json.Unmarshal(raw, &m) == nil && m.Ms != nil && *m.Ms > 0 {
		k.ns.Store(min(*m.Ms, keptFor.Milliseconds()) * int64(time.Millisecond))
	}
}

// limit is how long a kept connection may wait.
func (k *keptTime) limit() time.Duration { return cmp.Or(time.Duration(k.ns.Load()), idleFor) }
