package parity

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"muster/engine"
)

// A value JSON cannot carry is the error of that call, on both sides, and the
// channel goes on.
func TestSendUnsendable(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	for word, v := range unsendable() {
		wantError(t, "Send", w.Send(v), "worker 1", word)
	}
	wantError(t, "raw text that is no JSON", w.Send(json.RawMessage(`{"a":`)), "worker 1", "JSON")
	stillAnswers(t, w)

	w = fork(t, c, "unsendable")
	for word, err := range errorsOf(t, w) {
		wantError(t, "the worker's Send", errors.New(err), "worker 2", "primary", word)
	}
	if n := len(errorsOf(t, w)); n != len(unsendable()) { // the channel goes on
		t.Errorf("the worker tells %d errors", n)
	}
}

// errorsOf has a worker try what its scene tries, and returns the errors.
func errorsOf(t *testing.T, w *engine.Worker) map[string]string {
	t.Helper()
	heard := make(chan engine.Message, 8)
	defer w.OnMessage(func(m engine.Message) { heard <- m })()
	send(t, w, "try")
	m := next(t, heard, "its errors")
	var errs map[string]string
	if err := json.Unmarshal(m.Value, &errs); err != nil {
		t.Fatalf("%s: %v", m.Value, err)
	}
	return errs
}

// A handle that no channel carries is the error of that call, on both sides,
// and the channel goes on: the other side would end it for a descriptor that
// is no socket.
func TestSendBadHandle(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	w := fork(t, c, "echo")
	hs, err := badHandles()
	if err != nil {
		t.Fatal(err)
	}
	for what, h := range hs {
		wantError(t, what, w.SendHandle("with a handle", h), "worker 1")
		stillAnswers(t, w)
		h.Close()
	}

	w = fork(t, c, "badhandles")
	for what, err := range errorsOf(t, w) {
		wantError(t, what+" from the worker", errors.New(err), "worker 2")
		if err == "<nil>" {
			t.Errorf("%s is no error in the worker", what)
		}
	}
	if n := len(errorsOf(t, w)); n != len(hs) { // the channel goes on
		t.Errorf("the worker tells %d errors", n)
	}
}

// NewHandle and the methods of a Handle refuse what is not of their kind, and
// say what it is.
func TestHandleOfWrongKind(t *testing.T) {
	t.Parallel()
	for _, v := range []any{nil, 7, "socket", struct{}{}, (*os.File)(nil), (*engine.Handle)(nil)} {
		if _, err := engine.NewHandle(v); !errors.Is(err, engine.ErrHandle) {
			t.Errorf("NewHandle(%v): %v is not ErrHandle", v, err)
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	_, err = engine.NewHandle(null)
	wantError(t, "NewHandle of a file", err, "*os.File", "no socket")

	h := handleOfConn(t)
	_, err = h.Listener()
	wantError(t, "Listener of a connection", err, "net.Listener", string(engine.HandleSocket))
	if !errors.Is(err, engine.ErrHandle) {
		t.Errorf("%v is not ErrHandle", err)
	}
	_, err = h.PacketConn()
	wantError(t, "PacketConn of a connection", err, "net.PacketConn", string(engine.HandleSocket))
	lie := &engine.Handle{Kind: engine.HandleServer, File: h.File} // whose sender says what it is not
	_, err = lie.Listener()
	wantError(t, "Listener of a connection that is called a server", err, string(engine.HandleSocket))

	c := newCluster(t)
	w := fork(t, c, "handles")
	heard := messagesOf(w)
	if err := w.SendHandle("use it", lie); err == nil {
		wantError(t, "the worker", errors.New(nextText(t, heard)), string(engine.HandleSocket))
	}
	send(t, w, "go on")
	if got := nextText(t, heard); got != "no handle" {
		t.Errorf("the worker answers %q", got)
	}
}
