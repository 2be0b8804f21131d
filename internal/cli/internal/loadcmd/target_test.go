package loadcmd

import (
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	tests := []struct{ target, addr, path, said, wrong string }{
		{"http://127.0.0.1:3000/", "127.0.0.1:3000", "/", "http://127.0.0.1:3000/", ""},
		{"http://127.0.0.1:3000", "127.0.0.1:3000", "/", "http://127.0.0.1:3000/", ""},
		{"http://localhost/a/b?c=d", "localhost:80", "/a/b?c=d", "http://localhost:80/a/b?c=d", ""},
		{"http://127.0.0.1:3000?c=d", "127.0.0.1:3000", "/?c=d", "http://127.0.0.1:3000/?c=d", ""},
		{"HTTP://[::1]:3000/a%20b c", "[::1]:3000", "/a%20b%20c", "http://[::1]:3000/a%20b%20c", ""},
		{"127.0.0.1:3000/x", "127.0.0.1:3000", "/x", "http://127.0.0.1:3000/x", ""},
		{"localhost:3000", "localhost:3000", "/", "http://localhost:3000/", ""},
		{":3000/x", "127.0.0.1:3000", "/x", "http://127.0.0.1:3000/x", ""},
		{"3000", "127.0.0.1:3000", "/", "http://127.0.0.1:3000/", ""},
		{"https://127.0.0.1/", "127.0.0.1:443", "/", "https://127.0.0.1:443/", ""},
		{"https://:8443/x#part", "127.0.0.1:8443", "/x", "https://127.0.0.1:8443/x", ""},
		{"unix:/run/app.sock", "unix:/run/app.sock", "/", "unix:/run/app.sock", ""},
		{"unix:a b", "unix:a b", "/", "unix:a b", ""},
		{"unix:", "", "", "", "no path of a socket"},
		{"ftp://127.0.0.1/", "", "", "", "must begin with http://"},
		{"http://me:secret@127.0.0.1/", "", "", "", "user name"},
		{"http:///x", "", "", "", "no host"},
		{"", "", "", "", "no host"},
		{"http://h/s?q=a b&c=é", "h:80", "/s?q=a%20b&c=%C3%A9", "http://h:80/s?q=a%20b&c=%C3%A9", ""},
		{"http://unix/tmp/x", "", "", "", "unix:PATH for a socket"},
		{"http://[::1", "", "", "", "missing ']'"},
		{"http://a\x1b[2Jb/", "", "", "", "invalid"},
		{"http://127.0.0.1:http/", "", "", "", "invalid port"},
	}
	for _, tt := range tests {
		got, err := parseTarget(tt.target)
		switch {
		case tt.wrong == "" && (err != nil || got.addr != tt.addr || got.path != tt.path || got.String() != tt.said):
			t.Errorf("%q: %+v %v, want %q %q", tt.target, got, err, tt.addr, tt.path)
		case tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)):
			t.Errorf("%q: %v, want %q in it", tt.target, err, tt.wrong)
		}
	}
}

// `load http://unix:/tmp/x` was a host named unix, tried on port 80 for the
// whole duration.
func TestASocketBehindASchemeWasAHost(t *testing.T) {
	for target, want := range map[string]string{
		"http://unix:/tmp/x":           "a socket has no scheme; use unix:/tmp/x",
		"http:unix:/tmp/x":             "a socket has no scheme; use unix:/tmp/x",
		"HTTP://unix:tmp/x":            "use unix:tmp/x",
		"https:unix:/tmp/x":            "TLS is not spoken on a socket; use unix:/tmp/x",
		"https://unix:/tmp/x":          "TLS is not spoken on a socket; use unix:/tmp/x",
		"https://unix:/tmp/x y":        "use 'unix:/tmp/x y'",
		"http://unix:/tmp/x.sock:/a/b": "use unix:/tmp/x.sock --path /a/b",
		"http://abstract:name":         "use abstract:name",
		"http://unix:":                 "use unix:/run/app.sock",
		"https:localhost:8443/x":       "// is missing; use https://localhost:8443/x",
		"http:/localhost/x":            "// is missing; use http://localhost/x",
	} {
		if _, err := parseTarget(target); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
}
