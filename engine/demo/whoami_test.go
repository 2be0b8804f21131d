package demo

import (
	"net/http/httptest"
	"sync"
	"testing"

	"muster/engine"
)

// TestWhoamiWasWrittenByAllHandlersAtOnce: each appended the end of the line to the
// slice they share. The race detector tells.
func TestWhoamiWasWrittenByAllHandlersAtOnce(t *testing.T) {
	h := handler(&engine.Child{})
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/whoami", nil))
			if got, want := w.Body.String(), "}\n"; len(got) < 2 || got[len(got)-2:] != want {
				t.Errorf("%q", got)
			}
		})
	}
	asking.Wait()
}
