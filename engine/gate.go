package engine

import "fmt"

// gate says which of an address's listening sockets gets the new connections.
// Its value is the socket's index in the group, which is the order of
// listen(2): that is what the gate program returns to the kernel.
type gate int

const (
	gateFront  gate = 0 // the primary accepts and hands off
	gateCommon gate = 1 // the workers accept
)

// String is "front" or "common".
func (g gate) String() string {
	switch g {
	case gateFront:
		return "front"
	case gateCommon:
		return "common"
	}
	return fmt.Sprintf("gate(%d)", int(g))
}
