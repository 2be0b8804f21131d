package parity

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/engine"
	"muster/internal/testkit"
)

// The primary's accept fails, here because it has no descriptor left. It goes
// on: the failure is told in an event, the worker serves when there are
// descriptors again, and its server closes as ever.
func TestAcceptFail(t *testing.T) {
	c := portCluster(t, policy(engine.SchedRR))
	w, client := portFork(t, c, "port-server"), portFork(t, c, "port-server")
	addr := w.listens("tcp", "127.0.0.1:0")
	starve, feed := starveFiles(t)
	defer feed()
	asked := 0
	for deadline := time.Now().Add(patience); !hasError(c, "EMFILE"); {
		starve() // again: a file that another goroutine has closed meanwhile is room for one
		if err := client.Send(portOrder{Do: "ask", Network: "tcp", Address: addr}); err != nil {
			t.Fatal(err)
		}
		asked++
		testkit.Within(time.Second, func() bool { return hasError(c, "EMFILE") })
		if time.Now().After(deadline) {
			t.Fatalf("no accept has failed within %v", patience)
		}
	}
	feed()
	for range asked { // some may have to wait until there are descriptors again
		portHear[portAnswer](client)
	}
	answersID(t, "tcp", addr, w)
	w.leaves()
	client.leaves()
}

// starveFiles gives what leaves this process no descriptor but those that are open;
// feed undoes it. Both may be called again.
func starveFiles(t *testing.T) (starve, feed func()) {
	t.Helper()
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	set := func(l unix.Rlimit) {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
			t.Errorf("limit of descriptors: %v", err)
		}
	}
	starve = func() {
		free, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0) // the lowest number that is free
		if err != nil {
			return // none is
		}
		_ = unix.Close(free)
		set(unix.Rlimit{Cur: uint64(free), Max: was.Max})
	}
	return starve, func() { set(was) }
}

// In round robin a worker that can take no more refuses, and the connection
// goes to another: of many that come at once none is lost. In Node it is full
// at its server's maxConnections. A Go listener has no such number: it is full
// when its program does not accept, and what it has taken by then waits for it.
func TestNetServerDropConnection(t *testing.T) {
	c := portCluster(t, policy(engine.SchedRR))
	full, free := portFork(t, c, "port-server"), portFork(t, c, "port-server")
	addr := full.does(portOrder{Do: "listenFull", Network: "tcp", Address: "127.0.0.1:0"})
	free.listens("tcp", "127.0.0.1:0")
	type answer struct {
		who string
		err error
	}
	got := make(chan answer, 1<<16)
	clients := 0
	// On a busy machine they do not come at once, and then more must come.
	for deadline := time.Now().Add(patience); ; {
		for range 400 {
			go func() {
				who, err := askID("tcp", addr)
				got <- answer{who, err}
			}()
		}
		clients += 400
		testkit.Eventually(t, patience, func() bool { return int(c.Snapshot().Taken) == clients }, "all connections taken")
		if s := c.Snapshot(); s.Refused > 0 && s.DealtAgain > 0 {
			break
		}
		if time.Now().After(deadline) || clients > 1<<14 {
			t.Fatalf("none of %d connections was refused and dealt again", clients)
		}
	}
	if n := c.Snapshot().Lost; n > 0 {
		t.Errorf("%d lost", n)
	}
	full.does(portOrder{Do: "accept"})
	count := map[string]int{}
	for range clients {
		a := next(t, got, "answer")
		if a.err != nil {
			t.Errorf("a connection is lost: %v", a.err)
		}
		count[a.who]++
	}
	if count["1"] == 0 || count["2"] <= count["1"] || count["1"]+count["2"] != clients {
		t.Errorf("answers by worker: %v; want some by 1, more by 2, %d in all", count, clients)
	}
	full.leaves()
	free.leaves()
}
