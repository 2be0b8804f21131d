package parity

import (
	"bufio"
	"net"
	"testing"
	"time"

	"muster/engine"
)

// known_issues/test-cluster-import-scheduling-policy: a program that imports
// cluster as a module cannot set the policy there (nodejs/node#49240). In Go
// it can be set and read, before the first fork and, as it never could in Node,
// after it.
func TestClusterImportSchedulingPolicy(t *testing.T) {
	t.Setenv("NODE_CLUSTER_SCHED_POLICY", "")
	c := newCluster(t)
	if got := c.SchedulingPolicy(); got != engine.SchedRR {
		t.Errorf("the policy is %v at the start", got)
	}
	setPolicy(t, c, engine.SchedNone)
	w := fork(t, c, "relay")
	addr := addressOf(t, w)
	greet(t, w, addr)
	if n := acceptedBy(t, c, 0); n != 0 {
		t.Errorf("the primary has accepted %d connections, the worker should", n)
	}
	setPolicy(t, c, engine.SchedRR)
	greet(t, w, addr)
	if n := acceptedBy(t, c, 1); n != 1 {
		t.Errorf("the primary has accepted %d connections, want 1", n)
	}
}

func setPolicy(t *testing.T, c *engine.Cluster, p engine.Policy) {
	t.Helper()
	if err := c.SetSchedulingPolicy(p); err != nil {
		t.Fatal(err)
	}
	if got := c.SchedulingPolicy(); got != p {
		t.Fatalf("the policy is %v, want %v", got, p)
	}
}

// greet makes a connection that a relaying worker takes.
func greet(t *testing.T, w *engine.Worker, addr string) {
	t.Helper()
	heard := make(chan engine.Message, 1)
	defer w.OnMessage(func(m engine.Message) { heard <- m })()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	if got := text(next(t, heard, "the greeting")); got != "hello" {
		t.Fatalf("the worker says %q", got)
	}
	send(t, w, "welcome")
	conn.SetDeadline(time.Now().Add(patience))
	if got, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatalf("the client has %q, %v", got, err)
	}
}

// acceptedBy is how many connections the primary has accepted, as soon as that
// is at least n and a snapshot tells so.
func acceptedBy(t *testing.T, c *engine.Cluster, n uint64) uint64 {
	t.Helper()
	changed, cancel := c.Subscribe()
	defer cancel()
	asked := time.Now()
	for end := asked.Add(patience); time.Now().Before(end); {
		if s := c.Snapshot(); s.Time.After(asked) && s.Accepted >= n {
			return s.Accepted
		}
		select {
		case <-changed:
		case <-time.After(patience):
		}
	}
	t.Fatalf("no snapshot with %d accepted connections came", n)
	return 0
}

// The environment decides where the program does not, as in Node; what Node
// does not know is ignored.
func TestSchedulingPolicyOfEnvironment(t *testing.T) {
	for value, want := range map[string]engine.Policy{
		"none": engine.SchedNone, "rr": engine.SchedRR, "": engine.SchedRR, "shared": engine.SchedRR, "nonsense": engine.SchedRR,
	} {
		t.Setenv("NODE_CLUSTER_SCHED_POLICY", value)
		if got := newCluster(t).SchedulingPolicy(); got != want {
			t.Errorf("%q: the policy is %v, want %v", value, got, want)
		}
	}
	t.Setenv("NODE_CLUSTER_SCHED_POLICY", "none")
	if got := newCluster(t, policy(engine.SchedRR)).SchedulingPolicy(); got != engine.SchedRR {
		t.Errorf("Options.Policy does not beat the environment: %v", got)
	}
}
