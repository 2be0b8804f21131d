package sock

import "fmt"

// Gate says which of an address's listening sockets gets the new connections,
// or which socket is meant. It is the socket's index in the group, in the order
// of listen(2); the gate program returns that index to the kernel.
type Gate int

// What the sockets are for: at Front the primary accepts, and hands off. Common
// is the one all workers have a copy of and accept on.
const (
	Front  Gate = 0
	Common Gate = 1
)

// String is "front" or "common".
func (g Gate) String() string {
	switch g {
	case Front:
		return "front"
	case Common:
		return "common"
	}
	return fmt.Sprintf("gate(%d)", int(g))
}
