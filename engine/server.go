package engine

import (
	"encoding/json"
	"time"

	"muster/engine/internal/deal"
	"muster/engine/internal/sock"
)

const (
	queueMax    = 1024 // connections queued at one address; past it the kernel's backlog holds the rest
	queueResume = queueMax / 2
)

// server is one address the cluster serves: its sockets, who uses them and who
// gets the connections accepted in the primary.
type server struct {
	key    string
	addr   Address // as bound
	port   *sock.Port
	dealer *deal.Dealer
	users  map[*worker]bool // workers that have its socket; true once they closed it
	keep   bool             // Options.Addr: stays open without users
	chosen Address          // a worker asked for port 0: what it asked for, with the port it got
	paused bool             // accepting waits for the queue
	fixed  Policy           // the policy it was opened with, if it has no gate; else 0
	data   json.RawMessage  // the first worker's, given to all (TLS ticket keys)
	retry  *timer
	ended  bool
	naming bool    // its path is being looked at
	named  *worker // and is to be looked at again, for this one

	nameSaid    bool   // that it was put back
	nameTrouble string // why it could not be, as was said

	unserved time.Time // since when nobody serves it and nobody will; zero = somebody does or will
	forsaken bool      // it was said that who waits is reset
}

// primaryAccepts tells whether connections of s may come to the primary.
func (s *server) primaryAccepts() bool { return s.fixed == 0 || s.fixed.PrimaryDeals() }

// workersAccept tells whether the workers get a socket of s.
func (s *server) workersAccept() bool { return s.fixed == 0 || !s.fixed.PrimaryDeals() }
