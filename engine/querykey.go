package engine

import (
	"strconv"

	"muster/ipc"
)

// queryKey names an address among the live servers. The index counts only for
// port 0, as in Node 22 and later, so that a worker that closes and listens
// again shares the others' address.
func queryKey(q *ipc.Query) string {
	addr := ""
	if q.Address != nil {
		addr = *q.Address
	}
	key := addr + ":" + strconv.Itoa(q.Port) + ":" + q.AddressType + ":" + strconv.Itoa(q.FD)
	if q.Port == 0 {
		key += ":" + strconv.Itoa(q.Index)
	}
	return key
}
