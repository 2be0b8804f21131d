package engine

import (
	"os"
	"testing"
	"time"
)

func TestTallyOutlivesItsWriter(t *testing.T) {
	words, fd, err := newTally()
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "tally")
	defer f.Close()
	if err := checkTally(fd); err != nil {
		t.Error(err)
	}
	words.up(tallyEnded)
	words.up(tallyIdle)
	words.down(tallyIdle)
	got, err := tallyOf(f)
	if want := words.words(); err != nil || got != want || got[tallyEnded] != 1 || got[tallyForm] != tallyV1 {
		t.Errorf("read %v, %v; want %v", got, err, want)
	}
	// A worker may make it shorter; whoever mapped it would die of that.
	if err := f.Truncate(8); err != nil {
		t.Fatal(err)
	}
	if _, err := tallyOf(f); err == nil {
		t.Error("a tally that was cut short is read")
	}
}

// What a worker sends as its tally is read at its death: a pipe would wait then.
func TestTallyIsMemory(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if checkTally(int(r.Fd())) == nil {
		t.Error("a pipe is taken for a tally")
	}
}

func TestJudgeConnection(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		c    connNow
		want connVerdict
	}{
		"nothing sent yet":                    {connNow{sentAgo: 5 * ms, receivedAgo: 5 * ms}, endIsCut},
		"at work on the second request":       {connNow{sent: 90, sentAgo: 300 * ms, receivedAgo: 100 * ms}, endIsCut},
		"a request that was not read":         {connNow{sent: 90, unread: 40, receivedAgo: ms}, endIsCut},
		"kept, between two requests":          {connNow{sent: 90, sentAgo: 500 * ms, receivedAgo: 501 * ms}, endIsCut},
		"answered just now":                   {connNow{sent: 90, sentAgo: ms, receivedAgo: 4 * ms}, endUnknown},
		"answered while the next comes":       {connNow{sent: 90, sentAgo: 10 * ms, receivedAgo: ms}, endUnknown},
		"its client has gone with the answer": {connNow{closeWait: true, sent: 90, sentAgo: 5 * ms, receivedAgo: 4 * ms}, endIsNone},
		"its client has given up":             {connNow{closeWait: true, sentAgo: time.Second, receivedAgo: 900 * ms}, endUnknown},
	} {
		if got := tt.c.judge(); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
	if c := connNowOf(make([]byte, inetDiagMsgSize)); c.judge() == endIsCut {
		t.Error("a connection of which the kernel says nothing is told as cut")
	}
}
