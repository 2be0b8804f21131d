package say

import (
	"encoding/json"
	"testing"

	"muster/engine"
)

func TestWords(t *testing.T) {
	for _, tc := range []struct {
		detail     engine.Detail
		kind, text string
	}{
		{engine.SetupDetail{Exec: "node", Args: []string{"a.js"}, Workers: 2, Policy: engine.SchedRR}, "setup", "node a.js, 2 workers, policy rr"},
		{engine.ForkDetail{}, "fork", "pid 70"},
		{engine.ForkDetail{Replaces: 4, Why: "SIGKILL", Try: 1, Of: 5}, "fork", "pid 70, replaces 4: SIGKILL (try 1 of 5)"},
		{engine.OnlineDetail{Ms: 21.4}, "online", "21 ms after its fork"},
		{engine.OnlineDetail{Ms: 4, DeathMs: 18, Of: 4}, "online", "18 ms after the death of 4"},
		{engine.ListeningDetail{Address: "127.0.0.1", Port: 3000, Ms: 9.25}, "listening", "127.0.0.1:3000, 9.2 ms after its fork"},
		{engine.ListeningDetail{Address: "", Port: 3000, Ms: 30}, "listening", ":3000, 30 ms after its fork"},
		{engine.ListeningDetail{Address: "/run/a.sock", Port: -1, Ms: 30}, "listening", "/run/a.sock, 30 ms after its fork"},
		{engine.SetupDetail{Exec: "sh", Workers: 1, Policy: engine.SchedRR, Note: "npm start: without npm"}, "setup", "sh, 1 worker, policy rr; npm start: without npm"},
		{engine.SetupDetail{Exec: "node", ExecArgv: []string{"--inspect"}, Args: []string{"a.js"}, Workers: 2, Policy: engine.SchedNone, Silent: to(true),
			Stdio: []engine.Stdio{engine.StdioIgnore, engine.StdioPipe}, Cwd: "/srv"}, "setup",
			"node --inspect a.js, 2 workers, policy shared, silent true, stdio [ignore pipe], cwd /srv"},
		{engine.MessageDetail{Message: json.RawMessage(`"{\"a\":[1"`), Cut: true}, "message", `{"a":[1 (cut)`},
		{engine.SendDetail{Message: json.RawMessage(`[1]`)}, "send", "[1]"},
		{engine.MessageDetail{Message: json.RawMessage(`{"a":1}`)}, "message", `{"a":1}`},
		{engine.DisconnectDetail{Voluntary: true}, "disconnect", "channel closed, exitedAfterDisconnect true"},
		{engine.DisconnectDetail{Error: "garbage"}, "disconnect", "channel closed, exitedAfterDisconnect false: garbage"},
		{engine.ExitDetail{Cut: new(0), Code: to(0), Voluntary: true}, "exit", "code 0, voluntary"},
		{engine.ExitDetail{Signal: to("SIGKILL"), DealtAgain: 2, Cut: new(1), RetryMs: 400, Deaths: 2, Of: 5}, "exit",
			"SIGKILL, not voluntary; 2 dealt again; 1 cut; fork in 400 ms (2 of 5)"},
		{engine.PolicyDetail{From: engine.SchedRR, To: engine.SchedNone, Ms: 3}, "policy", "rr -> shared in 3.0 ms"},
		{engine.KillDetail{Signal: "SIGTERM"}, "kill", "SIGTERM to pid 70"},
		{engine.KillDetail{Signal: "SIGKILL", Crash: true}, "kill", "SIGKILL to pid 70, like an accident"},
		{engine.KillDetail{Signal: "SIGKILL", Reason: "grace over"}, "kill", "SIGKILL to pid 70: grace over"},
		{engine.LeaveDetail{InFlight: 11, GraceMs: 5000}, "leave", "takes no more; 11 in flight, 5.0 s to go"},
		{engine.LeaveDetail{}, "leave", "takes no more; none in flight, no limit"},
		{engine.LeaveDetail{InFlight: -1}, "leave", "takes no more; no limit"},
		{engine.ErrorDetail{Text: "it is put back", Mended: true}, "mended", "it is put back"},
		{engine.StallDetail{Ms: 1000, Asked: true}, "stall", "it has not answered for 1.0 s"},
		{engine.StallDetail{Ms: 1000}, "stall", "a connection it was handed is unanswered for 1.0 s"},
		{engine.DealtAgainDetail{Count: 1}, "dealt_again", "1 connection dealt again"},
		{engine.OutputDetail{Stream: "stderr", Text: "oops"}, "stderr", "oops"},
		{engine.OutputDetail{Stream: "stdout", Text: "on", Missed: 3}, "stdout", "(3 lines left out) on"},
		{engine.ErrorDetail{Text: "fork failed", Errno: "EMFILE"}, "error", "fork failed (EMFILE)"},
		{engine.OrphansDetail{Signal: "SIGTERM", Count: 1, Processes: []engine.Orphan{{PID: 7, Command: "node helper.js"}}}, "orphans",
			"left 1 process: node helper.js (pid 7): SIGTERM"},
		{engine.StoppedDetail{Deaths: 5, Text: "no config"}, "stopped", "no more tries after 5 deaths in a row: no config"},
	} {
		e := engine.Event{Kind: engine.Kind(tc.kind), PID: 70, Detail: tc.detail}
		if _, ok := tc.detail.(engine.OutputDetail); ok {
			e.Kind = engine.KindOutput
		}
		if kind, text := Line(&e); kind != tc.kind || text != tc.text {
			t.Errorf("%#v:\n got %q %q\nwant %q %q", tc.detail, kind, text, tc.kind, tc.text)
		}
	}
}
