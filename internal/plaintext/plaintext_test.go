package plaintext

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"muster/engine"
)

// Strings of events that are no text of a worker: names, paths and what was
// given on the command line. An SGR sequence in one is no colour.
var noText = map[string]bool{
	"SetupDetail.Exec": true, "SetupDetail.Cwd": true, "SetupDetail.Note": true,
	"ListeningDetail.Address": true, "ListeningDetail.AddressType": true,
	"KillDetail.Signal": true, "OrphansDetail.Signal": true, "OutputDetail.Stream": true, "ErrorDetail.Errno": true,
}

// Every string of every kind of event is either plain afterwards or named above.
func TestNoEventKeepsColours(t *testing.T) {
	const red = "\x1b[1;31mred\x1b[0m \x1b[2J"
	for _, d := range []engine.Detail{
		engine.SetupDetail{}, engine.ForkDetail{}, engine.OnlineDetail{}, engine.ListeningDetail{}, engine.MessageDetail{},
		engine.SendDetail{}, engine.DisconnectDetail{}, engine.ExitDetail{}, engine.PolicyDetail{}, engine.KillDetail{},
		engine.LeaveDetail{}, engine.StallDetail{}, engine.DealtAgainDetail{}, engine.OutputDetail{}, engine.ErrorDetail{},
		engine.StoppedDetail{}, engine.OrphansDetail{},
	} {
		v := reflect.New(reflect.TypeOf(d)).Elem()
		for i := range v.NumField() {
			if f := v.Field(i); f.Kind() == reflect.String {
				f.SetString(red)
			}
		}
		got := reflect.ValueOf(Event(engine.Event{Detail: v.Interface().(engine.Detail)}).Detail)
		if got.Type() != v.Type() {
			t.Errorf("%v became %v", v.Type(), got.Type())
		}
		for i := range got.NumField() {
			f := got.Field(i)
			name := v.Type().Name() + "." + v.Type().Field(i).Name
			if f.Kind() == reflect.String && !noText[name] && f.String() != "red \x1b[2J" {
				t.Errorf("%s is %q", name, f.String())
			}
		}
	}
}

func TestMessagesForPeopleHaveNoColours(t *testing.T) {
	for _, tt := range []struct{ sent, want string }{
		{`{"a":"\u001b[31mred\u001b[2J"}`, `{"a":"red\u001b[2J"}`},
		{`[1,"red"]`, `[1,"red"]`},
	} {
		d := engine.MessageDetail{Message: json.RawMessage(tt.sent)}
		for _, e := range []engine.Event{{Detail: d}, {Detail: engine.SendDetail(d)}} {
			got, err := json.Marshal(Shown(e).Detail)
			if err != nil || string(got) != `{"message":`+tt.want+`}` {
				t.Errorf("%T %s becomes %s, %v, want %s", e.Detail, tt.sent, got, err, tt.want)
			}
		}
		if string(d.Message) != tt.sent {
			t.Errorf("the message itself was changed to %s", d.Message)
		}
	}
	if got, _ := Shown(engine.Event{Detail: engine.ErrorDetail{Text: "\x1b[31mred"}}).Detail.(engine.ErrorDetail); got.Text != "red" {
		t.Errorf("another event's text is %q", got.Text)
	}
}

func TestReasonsHaveNoColours(t *testing.T) {
	s := &engine.Snapshot{Workers: []engine.Row{{ID: 1}, {ID: 2, Next: &engine.Next{Reason: "\x1b[31mred \x1b[2J"}}}}
	got := Snapshot(s)
	if r := got.Workers[1].Next.Reason; r != "red \x1b[2J" {
		t.Errorf("the reason is %q", r)
	}
	if r := s.Workers[1].Next.Reason; r != "\x1b[31mred \x1b[2J" {
		t.Errorf("the picture itself was changed: %q", r)
	}
	got.Workers[1].Next.Reason = "red"
	if Snapshot(got) != got || Snapshot(nil) != nil {
		t.Error("a picture without colours was copied")
	}
}

func TestPlainTextIsNotCopied(t *testing.T) {
	e := engine.Event{Detail: engine.OutputDetail{Text: strings.Repeat("ready ", 10)}}
	if got := Event(e); !reflect.DeepEqual(got, e) {
		t.Errorf("%+v became %+v", e, got)
	}
}
