package engine

import (
	"encoding/json"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// followMax bounds how many connections the primary can make a worker follow at
// once.
const followMax = 64

// follows are the connections whose end the primary wants to hear of. They are
// few, so for every other connection the cost is a look at a number.
type follows struct {
	wanted map[int64]struct{} // hand-offs to come; used by the reading goroutine only

	some  atomic.Int32 // len(conns)
	mu    sync.Mutex
	conns map[net.Conn]followed // taken, and not accepted by the server yet
	ends  [][2]uint64           // not yet reported
}

// followed is a hand-off and when it was taken; not followed if at is zero.
type followed struct {
	seq int64
	at  time.Time
}

// want takes in a NODE_MUSTER message of the primary. It may be of any kind: a
// newer primary may send kinds that are unknown here.
func (f *follows) want(raw []byte) {
	var m follow
	if json.Unmarshal(raw, &m) != nil || m.Follow == nil || *m.Follow < 0 {
		return
	}
	if f.wanted == nil || len(f.wanted) >= followMax { // hand-offs that could not be sent
		f.wanted = make(map[int64]struct{})
	}
	f.wanted[*m.Follow] = struct{}{}
}

// take is the followed of a hand-off that has come, if it is wanted.
func (f *follows) take(seq int64) followed {
	if len(f.wanted) == 0 {
		return followed{}
	}
	if _, ok := f.wanted[seq]; !ok {
		return followed{}
	}
	delete(f.wanted, seq)
	return followed{seq, time.Now()}
}

// came remembers a connection until the server accepts it.
func (f *follows) came(conn net.Conn, fo followed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.conns) >= followMax {
		return
	}
	if f.conns == nil {
		f.conns = make(map[net.Conn]followed)
	}
	f.conns[conn] = fo
	f.some.Store(int32(len(f.conns)))
}

// accepted is the followed of a connection the server has accepted.
func (f *follows) accepted(conn net.Conn) followed {
	if f.some.Load() == 0 {
		return followed{}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fo := f.conns[conn]
	delete(f.conns, conn)
	f.some.Store(int32(len(f.conns)))
	return fo
}

// ended says that a connection is closed.
func (f *follows) ended(fo followed) {
	if fo.at.IsZero() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ends) < endsMax {
		f.ends = append(f.ends, [2]uint64{uint64(fo.seq), uint64(max(time.Since(fo.at), 0))})
	}
}

// report returns the ends since the last report.
func (f *follows) report() [][2]uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	ends := f.ends
	f.ends = nil
	return ends
}
