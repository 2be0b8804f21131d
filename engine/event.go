package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind names what an event reports. Kinds that exist in Node's cluster module
// carry Node's event name.
type Kind string

// The first seven are Node's cluster events
// (https://nodejs.org/api/cluster.html, "Event: ..."); the others are ours.
const (
	KindSetup      Kind = "setup"
	KindFork       Kind = "fork"
	KindOnline     Kind = "online"
	KindListening  Kind = "listening"
	KindMessage    Kind = "message"
	KindDisconnect Kind = "disconnect"
	KindExit       Kind = "exit"

	KindPolicy     Kind = "policy"      // the scheduling policy of the live cluster changed
	KindKill       Kind = "kill"        // a signal was sent to a worker
	KindLeave      Kind = "leave"       // a worker was taken out of the rotation to disconnect
	KindStall      Kind = "stall"       // a worker does not answer
	KindDealtAgain Kind = "dealt_again" // hand-offs of a dead worker went to other workers
	KindSend       Kind = "send"        // a message was sent to a worker
	KindOutput     Kind = "output"      // a line of a worker's stdout or stderr
	KindError      Kind = "error"       // something failed and the cluster went on
	KindStopped    Kind = "stopped"     // a slot gave up after too many deaths in a row
	KindOrphans    Kind = "orphans"     // processes a worker had started outlived it, and were sent a signal
)

// By tells who caused an event: one of the constants below, or the value of a
// viewer's Command.By ("key" is a key of the dashboard).
type By string

const (
	ByAPI        By = "api"        // a call of the library, or the start itself
	BySupervisor By = "supervisor" // the rules of restart, stall and grace
	ByOutside    By = "outside"    // something outside muster, or the worker itself
)

// Event is one thing that happened to the cluster. Events are totally ordered
// by Seq, which starts at 1 and has no gaps. An Event is a value: nothing it
// points to changes after it was published.
type Event struct {
	Seq    uint64
	Time   time.Time
	Kind   Kind
	Worker int    // the worker's id, 0 for an event of no worker
	Slot   int    // the worker's slot; meaningful only if Worker is not 0
	PID    int    // 0 if there is none
	Call   string // the cluster API call or event it stands for, e.g. "cluster.fork() -> worker 5"
	By     By
	Detail Detail // by Kind, nil for kinds without one
}

// Detail is what an event of one kind says beyond the common fields: one of
// the ...Detail types of this package, by value.
type Detail interface{ kind() Kind }

// SetupDetail is the settings later forks use (Node: cluster.settings), except
// Env, which may hold secrets.
type SetupDetail struct {
	Exec     string   `json:"exec"` // the file, where it was found
	ExecArgv []string `json:"execArgv,omitempty"`
	Args     []string `json:"args,omitempty"`
	Cwd      string   `json:"cwd,omitempty"`
	Silent   *bool    `json:"silent,omitempty"`
	Stdio    []Stdio  `json:"stdio,omitempty"`
	Workers  int      `json:"workers"`
	Policy   Policy   `json:"policy"`
	Note     string   `json:"note,omitempty"` // Options.Note, and whether a debugger suspends the stall limit
}

// ForkDetail says why a worker was forked.
type ForkDetail struct {
	Replaces int    `json:"replaces,omitempty"` // id of the worker whose slot it takes over
	Why      string `json:"why,omitempty"`      // how that worker ended, e.g. "SIGKILL", "exit code 1", "restart"
	Try      int    `json:"try,omitempty"`      // deaths in a row in this slot before this fork
	Of       int    `json:"of,omitempty"`       // deaths in a row at which the slot stops
}

// OnlineDetail says how long the worker took to come up.
type OnlineDetail struct {
	Ms      float64 `json:"ms"`                 // since the fork
	DeathMs float64 `json:"death_ms,omitempty"` // since the death of Replaces, if it replaces a dead worker
	Of      int     `json:"of,omitempty"`       // the id it replaces
}

// ListeningDetail is Node's address object of the 'listening' event, and how
// long it took.
type ListeningDetail struct {
	Address     string  `json:"address"`     // "" = any host
	Port        int     `json:"port"`        // -1 for a path
	AddressType string  `json:"addressType"` // "4", "6", "-1" (a path), "udp4", "udp6"
	Ms          float64 `json:"ms,omitempty"`
	DeathMs     float64 `json:"death_ms,omitempty"`
	Of          int     `json:"of,omitempty"`
}

// MessageDetail is a user message of a worker.
type MessageDetail struct {
	Message json.RawMessage `json:"message"`       // as it was sent, cut at 4 KiB
	Cut     bool            `json:"cut,omitempty"` // Message is a JSON string that holds the first 4 KiB of the message's text
}

// SendDetail is a message sent to a worker, in MessageDetail's form.
type SendDetail MessageDetail

// DisconnectDetail says why a worker's channel ended.
type DisconnectDetail struct {
	Voluntary bool   `json:"voluntary"`       // exitedAfterDisconnect
	Error     string `json:"error,omitempty"` // set if the channel was ended for garbage, or failed
}

// ExitDetail says how a worker's process ended. Exactly one of Code and
// Signal is set, as in Node's 'exit' event.
type ExitDetail struct {
	Code       *int    `json:"code"`
	Signal     *string `json:"signal"`    // "SIGKILL"
	Voluntary  bool    `json:"voluntary"` // exitedAfterDisconnect
	DealtAgain int     `json:"dealt_again,omitempty"`
	// Cut is how many connections the worker had open when it died, which ended
	// for their clients: exact, or nil if it cannot be known. CutKept is how
	// many of them were kept connections between two requests, as far as the
	// worker had read.
	Cut     *int `json:"cut"`
	CutKept int  `json:"cut_kept,omitempty"`
	// What becomes of its slot, if the worker will be replaced.
	RetryMs float64 `json:"retry_ms,omitempty"` // the replacement is forked after this time; 0 = at once or never
	Deaths  int     `json:"deaths,omitempty"`   // deaths in a row in this slot, including this exit if it counts as a death
	Of      int     `json:"of,omitempty"`
}

// CutText is Cut and CutKept in a few words: "3 cut", "3 cut, 1 of them kept",
// "cut not known"; "" if nothing was.
func (d ExitDetail) CutText() string {
	switch {
	case d.Cut == nil:
		return "cut not known"
	case *d.Cut == 0:
		return ""
	case d.CutKept > 0:
		return fmt.Sprintf("%d cut, %d of them kept", *d.Cut, d.CutKept)
	}
	return fmt.Sprintf("%d cut", *d.Cut)
}

// String is "SIGKILL" or "code 1".
func (d ExitDetail) String() string {
	if d.Signal != nil {
		return *d.Signal
	}
	if d.Code != nil {
		return fmt.Sprintf("code %d", *d.Code)
	}
	return "unknown"
}

// PolicyDetail is a change of the scheduling policy of the live cluster.
type PolicyDetail struct {
	From Policy  `json:"from"`
	To   Policy  `json:"to"`
	Ms   float64 `json:"ms"` // from the command until the gate has changed and the connections waiting at the primary's old socket were dealt
}

// KillDetail is a signal sent to a worker. Crash is set if it was sent without
// the API, like an accident: the worker will be replaced.
type KillDetail struct {
	Signal string `json:"signal"`
	Crash  bool   `json:"crash,omitempty"`
	Reason string `json:"reason,omitempty"` // "grace over", "stalled", ... when the supervisor sent it
}

// LeaveDetail says what a worker that was told to disconnect still has to do.
type LeaveDetail struct {
	InFlight int     `json:"in_flight"` // open connections at that moment, 0 if not known
	GraceMs  float64 `json:"grace_ms"`  // 0 = no limit
}

// StallDetail is how long a worker has not answered a hand-off or, if Asked is
// true, a question of the primary, which it asks silent workers.
type StallDetail struct {
	Ms     float64 `json:"ms"`
	Asked  bool    `json:"asked,omitempty"`
	Spared string  `json:"spared,omitempty"` // set if that is longer than Options.Stall: why the worker is not killed; may hold outside text
}

// DealtAgainDetail is how many hand-offs went to another worker.
type DealtAgainDetail struct {
	Count int `json:"count"`
}

// OutputDetail is one line a worker wrote: valid UTF-8, cut at 4 KiB, but not
// safe for a terminal.
type OutputDetail struct {
	Stream string `json:"stream"` // "stdout" or "stderr"
	Text   string `json:"text"`
	Missed uint64 `json:"missed,omitempty"` // lines of this stream left out before this one, because too many came
}

// ErrorDetail is a failure the cluster went on after.
type ErrorDetail struct {
	Text  string `json:"text"`
	Errno string `json:"errno,omitempty"` // "EADDRINUSE"
	// Mended: the failure has been put right.
	Mended bool `json:"mended,omitempty"`
}

// StoppedDetail is why a slot gave up.
type StoppedDetail struct {
	Deaths int    `json:"deaths"`
	Text   string `json:"text"` // the most telling line of stderr, or how the last worker ended
}

// OrphansDetail is a signal sent to processes a worker has left. An event of no
// worker is about processes of several workers.
type OrphansDetail struct {
	Signal    string   `json:"signal"` // "SIGTERM", or "SIGKILL" for processes that survive it
	Count     int      `json:"count"`
	Processes []Orphan `json:"processes"` // the first 8 of them
}

// Orphan is one process. Its command line is valid UTF-8, cut at 100 bytes, but
// not safe for a terminal. "" = it had gone.
type Orphan struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
}

// String is "2 processes: node helper.js (pid 123), sleep 60 (pid 124)". It may
// hold text that is not safe for a terminal.
func (d OrphansDetail) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d process", d.Count)
	if d.Count != 1 {
		s.WriteString("es")
	}
	for i, p := range d.Processes {
		s.WriteString([]string{": ", ", "}[min(i, 1)])
		if p.Command != "" {
			s.WriteString(p.Command + " ")
		}
		fmt.Fprintf(&s, "(pid %d)", p.PID)
	}
	if more := d.Count - len(d.Processes); more > 0 && len(d.Processes) > 0 {
		fmt.Fprintf(&s, " and %d more", more)
	}
	return s.String()
}

// OtherDetail is the detail of an event of a kind that only a later version
// knows. It is encoded again unchanged.
type OtherDetail struct {
	Of   Kind
	JSON json.RawMessage
}

// MarshalJSON writes JSON.
func (d OtherDetail) MarshalJSON() ([]byte, error) { return d.JSON, nil }

func (d OtherDetail) kind() Kind    { return d.Of }
func (SetupDetail) kind() Kind      { return KindSetup }
func (ForkDetail) kind() Kind       { return KindFork }
func (OnlineDetail) kind() Kind     { return KindOnline }
func (ListeningDetail) kind() Kind  { return KindListening }
func (MessageDetail) kind() Kind    { return KindMessage }
func (SendDetail) kind() Kind       { return KindSend }
func (DisconnectDetail) kind() Kind { return KindDisconnect }
func (ExitDetail) kind() Kind       { return KindExit }
func (PolicyDetail) kind() Kind     { return KindPolicy }
func (KillDetail) kind() Kind       { return KindKill }
func (LeaveDetail) kind() Kind      { return KindLeave }
func (StallDetail) kind() Kind      { return KindStall }
func (DealtAgainDetail) kind() Kind { return KindDealtAgain }
func (OutputDetail) kind() Kind     { return KindOutput }
func (ErrorDetail) kind() Kind      { return KindError }
func (StoppedDetail) kind() Kind    { return KindStopped }
func (OrphansDetail) kind() Kind    { return KindOrphans }

// eventJSON is the stable JSON form, version 1.
type eventJSON struct {
	V      int             `json:"v"`
	Seq    uint64          `json:"seq"`
	Time   time.Time       `json:"time"`
	Kind   Kind            `json:"kind"`
	Worker int             `json:"worker,omitempty"`
	Slot   *int            `json:"slot,omitempty"`
	PID    int             `json:"pid,omitempty"`
	Call   string          `json:"call,omitempty"`
	By     By              `json:"by"`
	Detail json.RawMessage `json:"detail,omitempty"`
}

// MarshalJSON writes {"v":1,"seq":7,"time":...,"kind":...,"worker":3,"slot":2,...}.
// An event of no worker has neither worker nor slot.
func (e Event) MarshalJSON() ([]byte, error) {
	j := eventJSON{V: 1, Seq: e.Seq, Time: e.Time, Kind: e.Kind, Worker: e.Worker, PID: e.PID, Call: e.Call, By: e.By}
	if e.Worker != 0 {
		j.Slot = &e.Slot
	}
	if e.Detail != nil {
		b, err := plainJSON(e.Detail)
		if err != nil {
			return nil, fmt.Errorf("event %d (%s): %w", e.Seq, e.Kind, err)
		}
		j.Detail = b
	}
	return plainJSON(j)
}

// plainJSON is json.Marshal that leaves <, > and & as they are: "cluster.fork()
// -> worker 3" is for people too. (json.Marshal of something that holds an
// Event escapes them all the same; an Encoder with SetEscapeHTML(false) does
// not.)
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// UnmarshalJSON reads what MarshalJSON wrote. The detail of a kind that is not
// known becomes an OtherDetail, so that an old reader survives a new writer.
func (e *Event) UnmarshalJSON(b []byte) error {
	var j eventJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = Event{Seq: j.Seq, Time: j.Time, Kind: j.Kind, Worker: j.Worker, PID: j.PID, Call: j.Call, By: j.By}
	if j.Slot != nil {
		e.Slot = *j.Slot
	}
	if len(j.Detail) == 0 {
		return nil
	}
	d, err := decodeDetail(j.Kind, j.Detail)
	if err != nil {
		return fmt.Errorf("detail of event %d (%s): %w", j.Seq, j.Kind, err)
	}
	e.Detail = d
	return nil
}

func decodeDetail(k Kind, b []byte) (Detail, error) {
	switch k {
	case KindSetup:
		return detailOf[SetupDetail](b)
	case KindFork:
		return detailOf[ForkDetail](b)
	case KindOnline:
		return detailOf[OnlineDetail](b)
	case KindListening:
		return detailOf[ListeningDetail](b)
	case KindMessage:
		return detailOf[MessageDetail](b)
	case KindSend:
		return detailOf[SendDetail](b)
	case KindDisconnect:
		return detailOf[DisconnectDetail](b)
	case KindExit:
		return detailOf[ExitDetail](b)
	case KindPolicy:
		return detailOf[PolicyDetail](b)
	case KindKill:
		return detailOf[KillDetail](b)
	case KindLeave:
		return detailOf[LeaveDetail](b)
	case KindStall:
		return detailOf[StallDetail](b)
	case KindDealtAgain:
		return detailOf[DealtAgainDetail](b)
	case KindOutput:
		return detailOf[OutputDetail](b)
	case KindError:
		return detailOf[ErrorDetail](b)
	case KindStopped:
		return detailOf[StoppedDetail](b)
	case KindOrphans:
		return detailOf[OrphansDetail](b)
	}
	return OtherDetail{Of: k, JSON: b}, nil
}

func detailOf[T Detail](b []byte) (Detail, error) {
	var d T
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, err
	}
	return d, nil
}
