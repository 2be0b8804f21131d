package tui

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"muster/internal/onscreen"
)

// ownWithin waits for the load to look as ok says.
func ownWithin(t *testing.T, o *ownLoad, what string, ok func(onscreen.LoadStats) bool) onscreen.LoadStats {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		st, ran := o.Stats()
		if ran && ok(st) {
			return st
		}
		select {
		case <-o.Changed():
		case <-limit:
			t.Fatalf("never saw %s: %+v", what, st)
		}
	}
}

func TestOwnLoad(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer srv.Close()
	o := newOwnLoad(nil)
	if _, ran := o.Stats(); ran || o.SetRate(5) == nil {
		t.Error("there is a load before the first start")
	}
	o.Stop()
	set := onscreen.LoadSettings{Addr: srv.Listener.Addr().String(), Rate: 200, Concurrency: 8, Idle: 2, Duration: time.Minute}
	if err := o.Start(set); err != nil {
		t.Fatal(err)
	}
	if o.Start(set) == nil {
		t.Error("a second load was started beside it")
	}
	ownWithin(t, o, "answers", func(st onscreen.LoadStats) bool { return st.OK > 0 && st.Idle == 2 && st.Running && st.Target == 200 })
	if err := o.SetRate(250); err != nil {
		t.Error(err)
	}
	ownWithin(t, o, "the new rate", func(st onscreen.LoadStats) bool { return st.Target == 250 })
	o.Stop()
	st := ownWithin(t, o, "the end", func(st onscreen.LoadStats) bool { return !st.Running })
	if st.Err != "" || st.Sent != st.OK+st.Failed() || st.P50 == 0 || st.Max < st.P99 {
		t.Errorf("it ended as %+v", st)
	}
	if o.SetRate(5) == nil {
		t.Error("a rate was taken after the end")
	}
}

func TestOwnLoadOnNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	o := newOwnLoad(nil)
	if err := o.Start(onscreen.LoadSettings{Addr: l.Addr().String(), Rate: 100, Concurrency: 2, Duration: 300 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	st := ownWithin(t, o, "the end", func(st onscreen.LoadStats) bool { return !st.Running })
	if st.OK != 0 || st.Refused == 0 || st.Sent != st.Failed() || !strings.HasPrefix(st.Err, "nothing was answered: nothing listens on "+l.Addr().String()) || len(st.Reasons) != 1 || st.Reasons[0].Count != st.Refused {
		t.Errorf("it ended as %+v", st)
	}
	if o.Start(onscreen.LoadSettings{Addr: "192.0.2.1:80", Rate: 1, Duration: time.Second}) == nil {
		t.Error("it would send to another machine")
	}
}

// The pump passes each change on, and ends with its context.
func TestPumpLoad(t *testing.T) {
	o := newOwnLoad(nil)
	ctx, cancel := context.WithCancel(context.Background())
	got, done := make(chan tea.Msg), make(chan struct{})
	go func() { defer close(done); pumpLoad(ctx, o, func(m tea.Msg) { got <- m }) }()
	o.wake()
	if _, ok := (<-got).(loadChangedMsg); !ok {
		t.Error("another message")
	}
	cancel()
	<-done
}
