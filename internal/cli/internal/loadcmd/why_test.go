package loadcmd

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"muster/internal/cli/internal/command"
	"muster/internal/load"
)

func TestLoadResult(t *testing.T) {
	s := &settings{target: target{addr: "127.0.0.1:80", path: "/x"}}
	counts := func(c load.Counts) load.Result { return load.Result{Counts: c, Errors: []string{"cut: closed"}} }
	hinted := func(cause load.Cause, text, use string) load.Result {
		return load.Result{Counts: load.Counts{Sent: 2, Wrong: 2}, Hint: load.Hint{Cause: cause, Text: text, Use: use}}
	}
	tests := []struct {
		name    string
		res     load.Result
		err     error
		written error
		want    string // "" = exit 0
	}{
		{"answered", counts(load.Counts{Sent: 2, OK: 1, Cut: 1}), nil, nil, ""},
		{"stopped before the first", counts(load.Counts{}), nil, nil, ""},
		{"nobody there", hinted(load.NobodyListens, "nothing listens on 127.0.0.1:80", ""), nil, nil, "nothing listens on 127.0.0.1:80; start a server there (muster --addr 127.0.0.1:80)"},
		{"the other family", hinted(load.OtherAddress, "nothing there", "http://[::1]:80/x"), nil, nil, "nothing there; use muster load http://[::1]:80/x"},
		{"TLS", hinted(load.SpeaksTLS, "the server speaks TLS", "https://127.0.0.1:80/x"), nil, nil, "the server speaks TLS; use muster load https://127.0.0.1:80/x"},
		{"a certificate", hinted(load.Certificate, "not trusted", ""), nil, nil, "--insecure"},
		{"a status", hinted(load.OtherStatus, "status 404", ""), nil, nil, "status 404; is /x the right path? --expect 404 counts it as an answer"},
		{"a redirect", hinted(load.Redirect, "status 302 leads to /y", ""), nil, nil, "--expect 3xx"},
		{"no such socket", hinted(load.NoSocket, "there is no socket /s", ""), nil, nil, "start a server there"},
		{"nobody knows", counts(load.Counts{Sent: 2, Cut: 2}), nil, nil, "none of 2 requests was answered as it should (cut: closed); is http://127.0.0.1:80/x the right target?"},
		{"no descriptors", counts(load.Counts{Sent: 2, OK: 2}), syscall.EMFILE, nil, "ulimit -n"},
		{"no ports", counts(load.Counts{Sent: 2, OK: 2}), syscall.EADDRNOTAVAIL, nil, "--keepalive"},
		{"output gone", counts(load.Counts{Sent: 2, OK: 2}), nil, syscall.EPIPE, "writing to stdout"},
	}
	for _, tt := range tests {
		err := outcome(tt.res, tt.err, tt.written, s)
		var f *command.Failure
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (!errors.As(err, &f) || f.Code != command.ExitFailed || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}
