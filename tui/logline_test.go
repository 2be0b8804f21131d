package tui

import (
	"strings"
	"testing"

	"muster/engine"
)

func TestLogLineMatches(t *testing.T) {
	l, _ := newLogLine(engine.Event{Kind: engine.KindExit, Worker: 42, Call: "cluster 'exit'", Detail: engine.ExitDetail{Cut: new(0), Signal: ptr("SIGKILL"), RetryMs: 400}})
	for _, yes := range []string{"sigkill", "42", "EXIT", "cluster '", "Not Voluntary", ""} {
		if !l.match(yes) {
			t.Errorf("%q does not match", yes)
		}
	}
	if l.match("nothing of it") {
		t.Error("what is not there matches")
	}
}

func TestSecretsAreMasked(t *testing.T) {
	for kv, want := range map[string]string{
		"DB_PASSWORD=hunter2": "DB_PASSWORD=***", "HOME_PAGE=https://example.org": "HOME_PAGE=***", "PATH=/bin": "PATH=/bin",
		"PORT=\x1b[2J": `PORT=\x1b[2J`, "\x1b[2J=1": `\x1b[2J=***`,
	} {
		if got := maskEnv(kv); got != want {
			t.Errorf("maskEnv(%q) = %q, want %q", kv, got, want)
		}
	}
	s := testScreen(80, 24)
	got := envText(s, []string{"A=1", "NODE_UNIQUE_ID=2", strings.Repeat("B", 200) + "=1"}, "", 60)
	if !strings.HasPrefix(got, "NODE_UNIQUE_ID=2") || !strings.HasSuffix(got, "(3 in all, * shows one)") {
		t.Errorf("envText = %q", got)
	}
}
