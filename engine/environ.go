package engine

import "strings"

// Variables in the environment of a worker. The first two are Node's; the first
// four are for the channel and belong to one worker.
const (
	envChannelFD = "NODE_CHANNEL_FD"
	envUniqueID  = "NODE_UNIQUE_ID"
	envSerial    = "NODE_CHANNEL_SERIALIZATION_MODE"
	envPrimary   = "MUSTER_PRIMARY"    // the primary's pid; it stays, like envMark, so that left-over processes can be found
	envAddr      = "MUSTER_ADDR"       // what the built-in worker listens on
	envSlot      = "NODE_APP_INSTANCE" // PM2's name for the slot
	envMaxProcs  = "GOMAXPROCS"
)

// envMark is in the environment of a worker and of the processes it starts. Its
// value is the cluster's token, a dot and the worker's id.
const envMark = "MUSTER_WORKER"

// mergeEnv is base with the variables of set added or replaced; if a name has
// several values the last counts.
func mergeEnv(base, set []string) []string {
	last := make(map[string]int, len(set))
	for i, kv := range set {
		name, _, _ := strings.Cut(kv, "=")
		last[name] = i
	}
	var out []string
	for _, kv := range base {
		name, _, _ := strings.Cut(kv, "=")
		if _, replaced := last[name]; !replaced {
			out = append(out, kv)
		}
	}
	for i, kv := range set {
		name, _, _ := strings.Cut(kv, "=")
		if last[name] == i {
			out = append(out, kv)
		}
	}
	return out
}
