package engine

import (
	"encoding/json"
	"testing"

	"muster/internal/wireword"
)

func TestCallText(t *testing.T) {
	for _, c := range []struct {
		by    By
		d     Detail
		facts callFacts
		want  string
	}{
		{ByAPI, SetupDetail{}, callFacts{}, "cluster.setupPrimary()"},
		{ByAPI, ForkDetail{}, callFacts{}, "cluster.fork() -> worker 3"},
		{ByOutside, OnlineDetail{}, callFacts{}, "cluster 'online' (worker 3)"},
		{ByOutside, ListeningDetail{Port: 3000}, callFacts{}, "cluster 'listening' (worker 3, {port: 3000})"},
		{ByOutside, MessageDetail{}, callFacts{}, "cluster 'message' (worker 3, ...)"},
		{ByOutside, MessageDetail{}, callFacts{handle: HandleSocket}, "cluster 'message' (worker 3, ..., net.Socket)"},
		{ByOutside, DisconnectDetail{}, callFacts{}, "cluster 'disconnect' (worker 3)"},
		{ByOutside, ExitDetail{Code: ptr(1)}, callFacts{}, "cluster 'exit' (worker 3, 1, null)"},
		{ByOutside, ExitDetail{Signal: ptr("SIGKILL")}, callFacts{}, "cluster 'exit' (worker 3, null, 'SIGKILL')"},
		{wireword.ByKey, PolicyDetail{To: SchedNone}, callFacts{}, "cluster.schedulingPolicy = cluster.SCHED_NONE"},
		{wireword.ByKey, KillDetail{Signal: "SIGTERM"}, callFacts{}, "cluster.workers[3].kill('SIGTERM')"},
		{BySupervisor, KillDetail{Signal: "SIGKILL"}, callFacts{past: true}, "process.kill(70, 'SIGKILL')"},
		{wireword.ByKey, LeaveDetail{}, callFacts{}, "cluster.workers[3].disconnect()"},
		{ByOutside, LeaveDetail{}, callFacts{all: true}, "cluster.disconnect()"},
		{ByOutside, LeaveDetail{}, callFacts{own: true}, "cluster.worker.disconnect()"},
		{wireword.ByKey, SendDetail{Message: json.RawMessage(`{"a":1}`)}, callFacts{}, `cluster.workers[3].send({"a":1})`},
		{BySupervisor, StallDetail{}, callFacts{}, ""},
		{BySupervisor, DealtAgainDetail{}, callFacts{}, ""},
		{ByOutside, OutputDetail{}, callFacts{}, ""},
		{BySupervisor, ErrorDetail{}, callFacts{}, ""},
		{BySupervisor, StoppedDetail{}, callFacts{}, ""},
		{BySupervisor, OrphansDetail{}, callFacts{}, ""},
	} {
		e := Event{Kind: c.d.kind(), Worker: 3, PID: 70, By: c.by, Detail: c.d}
		if got := callText(&e, c.facts); got != c.want {
			t.Errorf("%s by %s: %q, want %q", e.Kind, c.by, got, c.want)
		}
	}
}
