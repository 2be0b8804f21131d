package sock

import (
	"testing"
	"time"
)

func TestJudgeConnection(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		c    connNow
		want Verdict
	}{
		"nothing sent yet":                    {connNow{sentAgo: 5 * ms, receivedAgo: 5 * ms}, EndIsCut},
		"at work on the second request":       {connNow{sent: 90, sentAgo: 300 * ms, receivedAgo: 100 * ms}, EndIsCut},
		"a request that was not read":         {connNow{sent: 90, unread: 40, receivedAgo: ms}, EndIsCut},
		"kept, between two requests":          {connNow{sent: 90, sentAgo: 500 * ms, receivedAgo: 501 * ms}, EndIsCut},
		"answered just now":                   {connNow{sent: 90, sentAgo: ms, receivedAgo: 4 * ms}, EndUnknown},
		"answered while the next comes":       {connNow{sent: 90, sentAgo: 10 * ms, receivedAgo: ms}, EndUnknown},
		"its client has gone with the answer": {connNow{closeWait: true, sent: 90, sentAgo: 5 * ms, receivedAgo: 4 * ms}, EndIsNone},
		"its client has given up":             {connNow{closeWait: true, sentAgo: time.Second, receivedAgo: 900 * ms}, EndUnknown},
	} {
		if got := tt.c.judge(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	if c := connNowOf(make([]byte, inetDiagMsgSize)); c.judge() == EndIsCut {
		t.Error("a connection of which the kernel says nothing is told as cut")
	}
}
