package engine

import (
	"slices"
	"time"
)

// State is where a worker is in its life:
// forked, online, listening, disconnecting, disconnected, exited.
type State string

const (
	StateForked        State = "forked"
	StateOnline        State = "online"
	StateListening     State = "listening"
	StateDisconnecting State = "disconnecting" // told to leave: takes no more, finishes what it has
	StateDisconnected  State = "disconnected"  // its channel has ended, its process has not
	StateExited        State = "exited"
)

// Snapshot is an immutable picture of the cluster. Any goroutine may keep and
// read it; nothing in it ever changes. Counters are cumulative since the start.
// A nil pointer field means not known: show a dash, never a zero.
type Snapshot struct {
	V        int       `json:"v"`    // version of the JSON form: 1
	Seq      uint64    `json:"seq"`  // the newest event this picture includes
	Tick     uint64    `json:"tick"` // samples taken so far, one a second: rates, CPU and memory change with it
	Time     time.Time `json:"time"`
	Started  time.Time `json:"started"`
	PID      int       `json:"pid"`
	CPUs     int       `json:"cpus"`                // processors this process may use
	CPULimit string    `json:"cpu_limit,omitempty"` // what limits them, as "2 of 8 CPUs: cgroup quota 1.5"; "" = it is all of the machine
	Command  string    `json:"command"`

	Settings Settings `json:"settings"` // what later forks use (Node: cluster.settings)

	Policy       Policy        `json:"policy,omitempty"`
	PolicyFixed  string        `json:"policy_fixed,omitempty"` // why the policy cannot be changed; "" if it can
	ByHand       bool          `json:"by_hand,omitempty"`      // the primary deals, though by Policy the kernel or the workers would: they cannot at any of the addresses
	Addresses    []Address     `json:"addresses"`
	Unserved     []Address     `json:"unserved,omitempty"` // the addresses that no worker serves or will serve
	Grace        time.Duration `json:"grace_ns"`
	KillTimeout  time.Duration `json:"kill_timeout_ns,omitempty"` // 0 = no SIGKILL
	StopSignal   string        `json:"stop_signal,omitempty"`     // the signal a leaving worker gets, as "SIGTERM"; "" = none
	Stall        time.Duration `json:"stall_ns"`
	ReadyTimeout time.Duration `json:"ready_timeout_ns,omitempty"` // 0 = no limit
	Stopping     bool          `json:"stopping,omitempty"`
	StopBy       time.Time     `json:"stop_by,omitzero"` // when a stop is over at the latest, as far as that is known: the grace, then KillTimeout of the last worker

	Workers []Row `json:"workers"` // one a row: by slot, then by id

	Restarts   uint64 `json:"restarts"`    // workers forked in place of a dead one
	Accepted   uint64 `json:"accepted"`    // connections the primary accepted
	Dealt      uint64 `json:"dealt"`       // hand-offs sent
	Taken      uint64 `json:"taken"`       // hand-offs a worker answered with yes
	Refused    uint64 `json:"refused"`     // hand-offs a worker answered with no
	DealtAgain uint64 `json:"dealt_again"` // connections sent to a second worker, for whatever reason
	// Lost is how many connections ended because their worker died or their
	// address was closed, LostUnknown how many deaths cut an unknown number.
	Lost        uint64 `json:"lost"`
	LostUnknown int    `json:"lost_unknown"`
	OddAnswers  uint64 `json:"odd_answers"` // answers to hand-offs that were not awaited: ignored

	Queue   int           `json:"queue"`              // accepted and not yet handed off
	Waited  time.Duration `json:"waited_ns"`          // how long the oldest in the queue has waited
	Handing int           `json:"handing"`            // handed off and not yet answered
	Free    []int         `json:"free"`               // ids in the order the next connections go to them
	HandOff *Latency      `json:"hand_off,omitempty"` // time from hand-off to answer, all workers

	ReqRate *float64 `json:"req_per_s"` // requests answered in the last second, by the workers that tell
	Open    *int     `json:"open"`      // connections open at the workers that tell

	Traffic *Traffic `json:"traffic,omitempty"` // single connections, while they are watched; otherwise nil

	PrimaryCPU *float64 `json:"primary_cpu_percent"` // percent of one core
	PrimaryMem *uint64  `json:"primary_mem_bytes"`   // bytes resident
}

// Row is a worker as a snapshot shows it: a live one, or the last one of its
// slot.
//
// A worker that has exited stays in the snapshot while its slot waits for the
// replacement (Next is set) or has given up (Next.Stopped), and for 5 s after
// a voluntary exit.
type Row struct {
	ID    int   `json:"id"`
	Slot  int   `json:"slot"`
	PID   int   `json:"pid"`
	State State `json:"state"`
	By    By    `json:"by"` // who caused its fork

	Forked    time.Time `json:"forked"`
	Online    time.Time `json:"online,omitzero"`
	Listening time.Time `json:"listening,omitzero"`
	Ended     time.Time `json:"ended,omitzero"` // its exit
	Changed   time.Time `json:"changed"`        // when State last changed

	Connected             bool        `json:"connected"`               // Node: isConnected()
	Dead                  bool        `json:"dead"`                    // Node: isDead()
	ExitedAfterDisconnect *bool       `json:"exited_after_disconnect"` // nil = unset
	Exit                  *ExitDetail `json:"exit,omitempty"`          // once it has exited
	Replaces              int         `json:"replaces,omitempty"`      // id of the worker it took the slot from
	ReplacesWhy           string      `json:"replaces_why,omitempty"`  // how that worker ended: "SIGKILL", "exit code 1", "restart"
	ReplacedBy            int         `json:"replaced_by,omitempty"`   // during a restart: the id of the new worker that comes up
	Restarts              int         `json:"restarts"`                // deaths in this slot that were followed by a fork
	LastExit              string      `json:"last_exit,omitempty"`     // how the last dead worker of this slot ended
	LastExitAt            time.Time   `json:"last_exit_at,omitzero"`   // and when
	WaitsFor              int         `json:"waits_for,omitempty"`     // its replacement is forked when this worker has ended: a slot has two processes at most
	LeaveBy               time.Time   `json:"leave_by,omitzero"`       // if it leaves: when the grace is over or, after the stop signal, when SIGKILL comes; zero = no limit
	StopSignal            string      `json:"stop_signal,omitempty"`   // if it leaves: the stop signal it was sent
	Stalled               time.Time   `json:"stalled,omitzero"`        // since when it does not answer, once that is 1 s
	Spared                string      `json:"spared,omitempty"`        // why it is not killed, though it has not answered for longer than Stall: a debugger; may hold outside text
	Note                  string      `json:"note,omitempty"`          // what is odd about it, in a few words for its row
	Next                  *Next       `json:"next,omitempty"`          // exited: what becomes of the slot
	Addresses             []Address   `json:"addresses,omitempty"`     // what it listens on

	Dealt   uint64 `json:"dealt"`   // connections handed to it
	Refused uint64 `json:"refused"` // hand-offs it answered with no
	Hand    int    `json:"hand"`    // hand-offs in flight

	// HandOff is the time from a hand-off to its answer. For a program with an
	// event loop it is the loop's delay. nil = none was answered.
	HandOff *Latency `json:"hand_off,omitempty"`

	// Open is how many connections are open: by the worker's reports, or by the
	// kernel if the program does not report.
	Open *int `json:"open"`

	// Cut is how many connections it had open when it exited: see ExitDetail.
	// nil = it lives, or the number is not known.
	Cut *int `json:"cut"`

	// What the worker itself reports (built-in and library workers do).
	Done    *uint64  `json:"done"`              // requests answered
	ReqRate *float64 `json:"req_per_s"`         // requests answered in the last second
	Latency *Latency `json:"latency,omitempty"` // times from request to answer

	// Sampled once a second.
	CPU *float64 `json:"cpu_percent"` // percent of one core over the last second
	Mem *uint64  `json:"mem_bytes"`   // bytes resident
}

// Next is what becomes of the slot of a worker that has exited.
type Next struct {
	At      time.Time `json:"at,omitzero"` // when the replacement is forked
	Deaths  int       `json:"deaths"`      // in a row
	Of      int       `json:"of"`          // deaths in a row at which the slot stops
	Stopped bool      `json:"stopped"`     // no more tries until a restart is asked for
	Reason  string    `json:"reason"`      // the most telling line of stderr ("" if it wrote none); outside text, not safe for a terminal
	Lines   int       `json:"lines"`       // further lines of stderr it left
}

// Counts counts workers by their use to the cluster.
type Counts struct {
	Rows      int // rows that count: all except voluntary exits
	Listening int
	Stopped   int // slots that gave up
}

// PrimaryDeals tells whether the primary decides which worker gets a connection: by
// the policy, or because nobody else can. Other connections it does not see.
func (s *Snapshot) PrimaryDeals() bool { return s.ByHand || s.Policy.PrimaryDeals() }

// PolicyUsed is the policy that connections are dealt by: Policy, or rr where Policy
// cannot be had. Spread cannot where ByHand is true; nor can sticky there if clients
// come by unix sockets only, since they have no address.
func (s *Snapshot) PolicyUsed() Policy {
	switch {
	case !s.ByHand:
	case s.Policy == SchedSpread, s.Policy == SchedSticky && s.listensOn("unix") && !s.listensOn("tcp"):
		return SchedRR
	}
	return s.Policy
}

// listensOn tells whether one of the addresses is of a network.
func (s *Snapshot) listensOn(network string) bool {
	return slices.ContainsFunc(s.Addresses, func(a Address) bool { return a.Network == network })
}

// Count counts the workers of the snapshot.
func (s *Snapshot) Count() Counts {
	var c Counts
	for i := range s.Workers {
		w := &s.Workers[i]
		switch {
		case w.State == StateListening:
			c.Listening++
			c.Rows++
		case w.State != StateExited:
			c.Rows++
		case w.Next != nil:
			c.Rows++
			if w.Next.Stopped {
				c.Stopped++
			}
		}
	}
	return c
}

// ByID returns the row of a worker, or nil.
func (s *Snapshot) ByID(id int) *Row {
	for i := range s.Workers {
		if s.Workers[i].ID == id {
			return &s.Workers[i]
		}
	}
	return nil
}
