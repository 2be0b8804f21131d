package engine

import "testing"

// TestADeadWorkerHadNoExitCode: it counted as dead when its process had ended, and
// how it had ended was known only after its channel's end. In Node a worker is dead
// once its exit code, or signal, is known.
func TestADeadWorkerHadNoExitCode(t *testing.T) {
	l, w, _ := bareLoop(t)
	code := 7
	l.step(w, inOnline)
	l.procEnded(w, &ExitDetail{Code: &code})
	if got, ok := w.api.Process().ExitCode(); !w.api.IsDead() || !ok || got != code {
		t.Errorf("dead %v, exit code %d, %v", w.api.IsDead(), got, ok)
	}
}
