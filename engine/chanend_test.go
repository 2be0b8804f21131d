package engine

import (
	"testing"
	"time"
)

func TestWhatFollowsTheEndOfAChannel(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		e     channelEnd
		after time.Duration // since the end
		do    endDo
		again time.Duration // after that; 0 = not
	}{
		"its process is gone":                        {channelEnd{unanswered: 3, gone: true}, 0, endDeal, 0},
		"gone, with nothing unanswered":              {channelEnd{gone: true}, 0, endDeal, 0},
		"gone at last":                               {channelEnd{unanswered: 3, gone: true}, time.Minute, endDeal, 0},
		"it may tidy up":                             {channelEnd{}, 0, endLeave, 0},
		"for as long as a leave":                     {channelEnd{}, time.Minute, endLeave, 0},
		"in its end, with nothing unanswered":        {channelEnd{dying: true}, 0, endLeave, 0},
		"it has something that its clients wait for": {channelEnd{unanswered: 1}, 0, endWait, endGrace},
		"for a moment":                               {channelEnd{unanswered: 1}, endGrace - ms, endWait, endGrace},
		"and no longer":                              {channelEnd{unanswered: 1}, endGrace, endKill, 0},
		"it is about to end":                         {channelEnd{unanswered: 1, dying: true}, 0, endWait, endGrace},
		"which takes long":                           {channelEnd{unanswered: 1, dying: true}, endGrace, endWait, endGrace + dyingAgain},
	} {
		tt.e.since = epoch
		do, at := tt.e.next(epoch.Add(tt.after))
		want := time.Time{}
		if tt.again > 0 {
			want = epoch.Add(tt.again)
		}
		if do != tt.do || !at.Equal(want) {
			t.Errorf("%s: %d, %v; want %d, %v", name, do, at, tt.do, want)
		}
	}
}
