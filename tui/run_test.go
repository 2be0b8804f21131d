package tui

import (
	"errors"
	"os"
	"testing"

	"muster/tui/internal/term"
)

func TestRunNeedsATerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, err := Run(t.Context(), newFake(four()), Options{In: null, Out: null}); !errors.Is(err, term.ErrNotTerminal) {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), newFake(four()), Options{In: null, Out: null, Theme: "pink"}); err == nil || errors.Is(err, term.ErrNotTerminal) {
		t.Errorf("error %v", err)
	}
}
