package engine

import (
	"cmp"
	"encoding/json"
	"sync/atomic"
	"time"
)

const (
	// keptFor is how long a kept connection has, from the leave on, for one more
	// request, whose answer says that it is the last. Most clients that go on ask
	// within that time, and lose nothing. With a second, clients that ask about
	// once a second sent their request as the connection was closed.
	keptFor = 5 * time.Second
	// idleFor is the same if nobody else would serve them, and what a connection
	// has in any case that was in use when the leave began. Closing idle ones at
	// once, as http.Server.Shutdown does, lost 1.5 to 7 % of keep-alive requests.
	idleFor = time.Second
	// lingerFor is how long a connection is read after we have said its end: with
	// what is not read a close is a reset.
	lingerFor = 500 * time.Millisecond
)

// kept is what a primary tells a Go worker: keptLimit, in ms.
type kept struct {
	Ms *int64 `json:"kept_ms"`
}

// keptTime is what a worker was told of it.
type keptTime struct{ ns atomic.Int64 } // 0 = nothing

// take takes in a message of the primary's own, which may be of any kind.
func (k *keptTime) take(raw []byte) {
	var m kept
	if json.Unmarshal(raw, &m) == nil && m.Ms != nil && *m.Ms > 0 {
		k.ns.Store(min(*m.Ms, keptFor.Milliseconds()) * int64(time.Millisecond))
	}
}

// limit is how long a kept connection has.
func (k *keptTime) limit() time.Duration { return cmp.Or(time.Duration(k.ns.Load()), idleFor) }
