package viewtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"muster/engine"
	"muster/engine/demo"
	"muster/internal/testkit"
	"muster/internal/viewtest"
)

// TestMain lets this binary be a worker.
func TestMain(m *testing.M) {
	worker, err := engine.Role()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if worker {
		os.Exit(demo.Run())
	}
	os.Exit(testkit.Waiting(m).Run())
}

func TestEmbeddedCluster(t *testing.T) {
	viewtest.Run(t, func(t *testing.T) viewtest.Subject {
		c, err := engine.New(engine.Options{Addr: "127.0.0.1:0", Workers: 1, Grace: 2 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ran := make(chan error, 1)
		go func() { ran <- c.Run(t.Context()) }()
		t.Cleanup(func() {
			if err := errors.Join(c.Close(), <-ran); err != nil {
				t.Error(err)
			}
		})
		changed, cancel := c.Subscribe()
		defer cancel()
		for c.Snapshot().Count().Listening == 0 {
			<-changed
		}
		return viewtest.Subject{View: c, End: c.Stop, Happen: func() {
			if _, err := c.Do(t.Context(), engine.Command{Op: engine.OpSend, Worker: 1, Message: json.RawMessage(`"hi"`)}); err != nil {
				t.Error(err)
			}
		}}
	})
}

func TestReplay(t *testing.T) {
	viewtest.Run(t, func(t *testing.T) viewtest.Subject {
		r := viewtest.NewReplay(&engine.Snapshot{V: 1, Policy: engine.SchedRR, Workers: []engine.Row{{ID: 1, State: engine.StateListening}}})
		t.Cleanup(func() { r.End(nil) })
		return viewtest.Subject{View: r, End: func() { r.End(nil) }, Happen: func() {
			r.Publish(engine.Event{Kind: engine.KindDealtAgain, Time: time.Now(), By: engine.BySupervisor, Detail: engine.DealtAgainDetail{Count: 1}})
		}}
	})
}

// What ended a View that was not told to is said.
func TestReplaySaysWhyItEnded(t *testing.T) {
	r := viewtest.NewReplay(&engine.Snapshot{})
	why := errors.New("out of sight")
	r.End(why)
	r.End(nil)
	if <-r.Done(); r.Err() != why {
		t.Errorf("%v", r.Err())
	}
}
