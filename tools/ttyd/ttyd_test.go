//go:build !windows

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"
)

const (
	limit  = 10 * time.Second
	script = "console.log('xterm')"
)

// visit is a ttyd under test.
type visit struct {
	t     *testing.T
	url   string
	ended chan error
}

func open(t *testing.T, wait time.Duration, command ...string) *visit {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scripts := fstest.MapFS{"@xterm/xterm/lib/xterm.js": {Data: []byte(script)}, "secret": {Data: []byte("secret")}}
	v := &visit{t: t, url: "http://" + ln.Addr().String(), ended: make(chan error, 1)}
	go func() { v.ended <- serve(ln, newSession(command, scripts), wait) }()
	return v
}

// end waits for the end of the program.
func (v *visit) end() error {
	v.t.Helper()
	select {
	case err := <-v.ended:
		return err
	case <-time.After(limit):
		v.t.Fatal("it does not end")
		return nil
	}
}

// do sends a request and returns the answer's code and body.
func (v *visit) do(method, path, body string, header ...string) (int, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := (&http.Client{Timeout: limit}).Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// watch is the visit itself.
func (v *visit) watch(path string) (lines *bufio.Reader, leave func() error) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit) // what never comes is an error then
	v.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s: %s", path, resp.Status)
	}
	return bufio.NewReader(resp.Body), resp.Body.Close
}

// see reads up to a text, as a terminal without a line editor shows it.
func see(t *testing.T, r *bufio.Reader, text string) {
	t.Helper()
	var got strings.Builder
	for !strings.Contains(got.String(), text) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%q, then %v; want %q", got.String(), err, text)
		}
		got.WriteByte(b)
	}
}

func TestOutputInputAndSize(t *testing.T) {
	v := open(t, limit, "sh", "-c", "stty size; echo $TERM; read line; echo got $line; stty size")
	if code, body := v.do("GET", "/", ""); code != 200 || body != string(page) {
		t.Errorf("the page: %d %.60q", code, body)
	}
	if code, body := v.do("GET", "/@xterm/xterm/lib/xterm.js", ""); code != 200 || body != script {
		t.Errorf("its script: %d %q", code, body)
	}
	out, _ := v.watch("/output?cols=96&rows=24")
	see(t, out, "24 96\r\nxterm-256color\r\n")
	if code, body := v.do("POST", "/size?cols=100&rows=30", ""); code != 204 {
		t.Errorf("size: %d %s", code, body)
	}
	if code, body := v.do("POST", "/input", "hé"); code != 204 {
		t.Errorf("input: %d %s", code, body)
	}
	if code, body := v.do("POST", "/input", "llo\r"); code != 204 {
		t.Errorf("input: %d %s", code, body)
	}
	see(t, out, "got héllo\r\n30 100\r\n")
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
	if err := v.end(); err != nil {
		t.Error(err)
	}
}

// vhs closes its browser, and on an error nothing else.
func TestCommandGoesWithItsVisitor(t *testing.T) {
	v := open(t, limit, "sh", "-c", "echo pid $$.; read line")
	out, leave := v.watch("/output?cols=80&rows=24")
	var pid int
	if line, err := out.ReadString('.'); err != nil {
		t.Fatal(err)
	} else if _, err := fmt.Sscanf(line, "pid %d.", &pid); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	leave()
	if err := v.end(); err != nil {
		t.Error(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the command lives on: %v", err)
	}
}

func TestRefused(t *testing.T) {
	v := open(t, limit, "sh", "-c", "echo here; read line")
	for _, c := range []struct {
		name, method, path string
		code               int
		header             []string
	}{
		{name: "keys before the visit", method: "POST", path: "/input", code: 409},
		{name: "no size", method: "GET", path: "/output", code: 400},
		{name: "a size that is none", method: "GET", path: "/output?cols=80&rows=-1", code: 400},
		{name: "what is no script", method: "GET", path: "/secret", code: 404},
		{name: "a way out of the scripts", method: "GET", path: "/@xterm/../secret", code: 404},
		{name: "another page", method: "POST", path: "/input", code: 403, header: []string{"Sec-Fetch-Site", "cross-site"}},
	} {
		if code, body := v.do(c.method, c.path, "keys", c.header...); code != c.code {
			t.Errorf("%s: %d %q, want %d", c.name, code, body, c.code)
		}
	}
	out, leave := v.watch("/output?cols=80&rows=24")
	see(t, out, "here")
	for path, code := range map[string]int{
		"GET /output?cols=80&rows=24": 409, // a second visitor
		"POST /size?cols=80":          400,
		"POST /input":                 204, // the first is still served
	} {
		method, path, _ := strings.Cut(path, " ")
		if got, body := v.do(method, path, ""); got != code {
			t.Errorf("%s: %d %q, want %d", path, got, body, code)
		}
	}
	leave()
	if err := v.end(); err != nil {
		t.Error(err)
	}
}

func TestEndsWithoutAVisitorOrACommand(t *testing.T) {
	v := open(t, time.Millisecond, "sh")
	if err := v.end(); err == nil || !strings.Contains(err.Error(), "nobody came") {
		t.Errorf("without a visitor: %v", err)
	}
	v = open(t, limit, "/nonexistent")
	if code, _ := v.do("GET", "/output?cols=80&rows=24", ""); code != 500 {
		t.Errorf("without a command: %d", code)
	}
	if err := v.end(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a command: %v", err)
	}
}

func TestParse(t *testing.T) {
	vhs := strings.Fields("--port=4711 --interface 127.0.0.1 -t rendererType=canvas -t disableResizeOverlay=true " +
		"-t enableSixel=true -t customGlyphs=true --once --writable bash --noprofile --norc --login +o history")
	o, err := parse(vhs)
	if err != nil || o.host != "127.0.0.1" || o.port != 4711 || !slices.Equal(o.command, vhs[13:]) {
		t.Errorf("as vhs calls it: %+v, %v", o, err)
	}
	for args, want := range map[string]string{
		"--port=1":                      "no command",
		"--interface 0.0.0.0 sh":        "loopback",
		"--interface lo sh":             "loopback",
		"--port=70000 sh":               "70000",
		"--no-such-flag sh":             "no-such-flag",
		"--interface 192.0.2.1 sh -c x": "loopback",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}

// What the page loads is what npm installs, and nothing else.
func TestPageLoadsItsPackages(t *testing.T) {
	var manifest struct{ Dependencies map[string]string }
	b, err := os.ReadFile("package.json")
	if err == nil {
		err = json.Unmarshal(b, &manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	loads := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1)
	unused := len(manifest.Dependencies)
	seen := map[string]bool{}
	for _, load := range loads {
		parts := strings.SplitN(load[1], "/", 4)
		if parts[0] != "" || len(parts) != 4 || manifest.Dependencies[parts[1]+"/"+parts[2]] == "" {
			t.Errorf("%s is in no package of package.json", load[1])
			continue
		}
		if name := parts[2]; !seen[name] {
			seen[name] = true
			unused--
		}
	}
	if unused != 0 {
		t.Errorf("%d packages are not used by the page", unused)
	}
}
