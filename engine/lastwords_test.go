package engine

import (
	"testing"

	"muster/ipc"
)

// TestAWorkerThatEndedHadListenedAndNobodyHeard: the end of a process was heard
// before the last messages in its channel, and its 'listening' was thrown away. Node
// tells it. Of one that was told to leave it is not told.
func TestAWorkerThatEndedHadListenedAndNobodyHeard(t *testing.T) {
	local := "127.0.0.1"
	listening := ipc.Message{Kind: ipc.Cluster, FD: -1, Cluster: ipc.ClusterMsg{
		Act: "listening", Query: &ipc.Query{Address: &local, Port: 3000, AddressType: "4", FD: -1},
	}}
	for name, c := range map[string]struct {
		before input
		want   bool
	}{"ended": {inProcEnd, true}, "told to leave": {inOrder, false}} {
		l, w, _ := bareLoop(t)
		w.flow.account.listens = 1
		l.step(w, inOnline)
		l.step(w, c.before)
		l.read(w, []ipc.Message{listening}, l.now())
		told := false
		events, _ := l.pub.events.after(0)
		for _, e := range events {
			told = told || e.Kind == KindListening
		}
		if told != c.want || w.life.state == StateListening {
			t.Errorf("%s: told %v, want %v; its state is %v", name, told, c.want, w.life.state)
		}
	}
}
