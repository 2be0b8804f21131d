package sock

import "fmt"

// Gate says which of an address's listening sockets gets the new connections.
// Its value is the socket's index in the group, which is the order of
// listen(2): that is what the gate program returns to the kernel.
type Gate int

const (
	Front  Gate = 0 // the primary accepts and hands off
	Common Gate = 1 // the workers accept
)

// String is "front" or "common".
func (g Gate) String() string {
	switch g {
	case Front:
		return "front"
	case Common:
		return "common"
	}
	return fmt.Sprintf("Gate(%d)", int(g))
}
