package engine

import (
	"encoding/json"
	"syscall"
	"time"
)

// Op names what a Command does.
type Op string

const (
	OpFork          Op = "fork"           // fork one worker into the lowest free slot; Result.Worker is its id
	OpKill          Op = "kill"           // send Signal to Worker, as worker.kill(signal)
	OpCrash         Op = "crash"          // SIGKILL without the API, like an accident: the worker is replaced
	OpDisconnect    Op = "disconnect"     // worker.disconnect()
	OpDisconnectAll Op = "disconnect_all" // cluster.disconnect(); the cluster stays and can fork again
	OpRestart       Op = "restart"        // replace Worker: first fork the new one, which must listen on the same addresses; on a stopped or waiting slot: try now
	OpPolicy        Op = "policy"         // set the scheduling policy of the live cluster
	OpSend          Op = "send"           // send Message, and Handle if there is one, to Worker: worker.send(message, handle)
	OpInspect       Op = "inspect"        // Result.Details about Worker; changes nothing
	OpWatch         Op = "watch"          // watch single connections (Snapshot.Traffic) for Viewer, from now For long; no event
	OpStop          Op = "stop"           // end the cluster gracefully; a second one ends it at once
)

// Command is something asked of the cluster. A worker is named by its id, never
// by its row or slot. docs/wire.md has its JSON form.
type Command struct {
	Op     Op
	Worker int            // for kill, crash, disconnect, restart, inspect
	Signal syscall.Signal // for kill; 0 means SIGTERM
	Policy Policy         // for policy
	// Message is a JSON value, for send. Handle is sent with it and still
	// belongs to the caller. It is an open descriptor, so a command with a
	// Handle has no JSON form.
	Message json.RawMessage
	Handle  *Handle
	Env     []string // for fork: KEY=VALUE added to that worker's environment
	// Viewer is who watches: any name of at most 64 bytes that no other viewer
	// has. For is how long, at most a minute, 0 = no longer. Ask again before
	// that time is over: so the watching ends when a viewer has died.
	// Connections are watched as long as any viewer asks.
	Viewer string
	For    time.Duration
	By     By // "" means ByAPI
}

// Result is the answer to a Command that succeeded.
type Result struct {
	Worker  int      // fork, restart: the new worker's id (0 if the restart only brought a waiting fork forward)
	Policy  Policy   // policy: the policy now in force
	Details *Details // inspect
}

// Details is what must be asked for each worker, because finding it costs more
// than a snapshot should.
type Details struct {
	Worker  int      `json:"worker"`
	PID     int      `json:"pid"`
	Command string   `json:"command"` // "muster (built-in worker)", with the name of this program, or the command line
	Dir     string   `json:"dir"`
	Env     []string `json:"env"` // as given to it; may hold secrets: show with care
	FDs     int      `json:"fds"` // open descriptors; -1 if not known
	FDLimit uint64   `json:"fd_limit"`
}

// signalMax is the highest signal number on Linux. The kernel knows which lower
// ones exist.
const signalMax = 64
