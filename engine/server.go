package engine

import (
	"encoding/json"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
	"muster/engine/internal/spread"
)

const (
	queueMax    = 1024 // connections queued at one address; the kernel's backlog holds further ones
	queueResume = queueMax / 2
)

// server is one address the cluster serves: its sockets, who uses them and who
// gets the connections accepted in the primary.
type server struct {
	key         string
	addr        Address // as bound
	port        *sock.Port
	dealer      *deal.Dealer
	users       map[*worker]bool // workers that have its socket; true = they have closed it
	seats       *spread.Seats    // which worker has which of its own sockets; nil = there are none
	apart       map[*worker]bool // users that have their own socket and not the common one
	keep        bool             // Options.Addr: stays open without users
	chosen      Address          // if a worker asked for port 0: its address, with the port it got
	paused      bool             // accepting waits for room in the queue
	fixed       Policy           // the policy it was opened with, if it has no gate; otherwise 0
	data        json.RawMessage  // data of the first worker, given to all (TLS ticket keys)
	retry       *timer
	ended       bool
	spoilt      time.Time // since when its gate is given up, see lookSpoilt; zero = it is not
	blocked     bool      // an event said that its socket had been made blocking
	withoutSaid bool      // an event said that the policy cannot be had here
	naming      bool      // its path is being looked at
	named       *worker   // the path must be looked at again, for this worker

	nameSaid    bool   // an event said that the path was put back
	nameTrouble string // why the path could not be put back, as an event said

	unserved time.Time // since when no worker serves it and none will; zero = one does or will
	forsaken bool      // an event said that waiting clients are reset
}

// primaryAccepts tells whether connections of s may come to the primary.
func (s *server) primaryAccepts() bool { return s.fixed == 0 || s.fixed.PrimaryDeals() }

// workersAccept tells whether the workers get a socket of s.
func (s *server) workersAccept() bool { return s.fixed == 0 || !s.fixed.PrimaryDeals() }
