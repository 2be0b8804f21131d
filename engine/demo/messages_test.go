package demo

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"muster/engine"
	"muster/ipc"
)

// TestMain lets the test binary be the built-in worker.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo.test: %v\n", err)
		os.Exit(2)
	}
	if worker {
		os.Exit(Run())
	}
	os.Exit(m.Run())
}

// A class sees who got its message, and that the worker leaves when told to.
func TestWorkerAnswersMessages(t *testing.T) {
	ch, theirs, err := ipc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ch.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), "NODE_UNIQUE_ID=3", "NODE_CHANNEL_FD=3", "MUSTER_ADDR=127.0.0.1:4000")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = &said
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	// Ends the worker, and so the reads below, if it hangs.
	watch := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer watch.Stop()

	send := func(v any) {
		t.Helper()
		line, err := ipc.AppendJSON(nil, v)
		if err == nil {
			err = ch.Send(line, -1)
		}
		if err != nil {
			t.Error(err)
		}
	}
	send("before it listens")
	var got []string
	for err == nil {
		var ms []ipc.Message
		ms, err = ch.Read(nil)
		for _, m := range ms {
			switch {
			case m.Kind == ipc.User:
				got = append(got, string(m.Raw))
				if len(got) == 1 {
					send(json.RawMessage(`{"a":[1,"é"]}`))
				} else {
					send(ipc.Disconnect{})
				}
			case m.Kind == ipc.Cluster && m.Cluster.Act == "queryServer":
				send(ipc.QueryReply{Ack: m.Cluster.Seq, Key: "k"})
			}
		}
	}
	_ = ch.Close()
	if err := cmd.Wait(); err != nil || said.Len() > 0 {
		t.Errorf("the worker ended with %v and said %q", err, &said)
	}
	pid := cmd.ProcessState.Pid()
	want := []string{
		fmt.Sprintf(`{"worker":3,"pid":%d,"echo":"before it listens"}`, pid),
		fmt.Sprintf(`{"worker":3,"pid":%d,"echo":{"a":[1,"é"]}}`, pid),
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
