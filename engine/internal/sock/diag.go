package sock

// A program that is not a Go worker does not tell how many connections it has
// open, and the primary does not see when it closes one. The kernel knows both:
// its list of connections at our ports (sock_diag(7)) and the descriptors of
// the process (proc(5)) have the inode numbers in common.

// States is a set of states of TCP sockets, by the numbers of the kernel's
// tcp_states.h.
type States uint32

const (
	// StatesOpen are those of a connection that counts as open: whatever has been
	// accepted and not been closed by the worker. ESTABLISHED, CLOSE_WAIT,
	// FIN_WAIT1, FIN_WAIT2.
	StatesOpen = unendedStates | 1<<4 | 1<<5
	// StateListens is that of a listening socket.
	StateListens States = 1 << stateListen
	// The states of a connection its worker has not ended: ESTABLISHED,
	// CLOSE_WAIT.
	unendedStates States = 1<<1 | 1<<8

	stateListen = 10
)

// TCPSocket is a TCP socket as the kernel lists it.
type TCPSocket struct {
	Port    int // local
	Listens bool
}

// Verdict is what the end of its worker means to a connection's client.
type Verdict int

const (
	EndIsCut   Verdict = iota // the client waits for something
	EndIsNone                 // the client has gone, with its answer
	EndUnknown                // the client may have all it wanted
)
