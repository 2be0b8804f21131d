//go:build linux

package node

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/internal/e2e/kit"
)

// fresh sends every request on a connection of its own.
var fresh = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: kit.Patience}

// ask sends one request and returns the body.
func ask(addr, path string) (string, error) { return askBy(fresh, "http://"+addr+path) }

func askBy(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", fmt.Errorf("in the answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", res.Status)
	}
	return string(b), nil
}

func get(t *testing.T, addr, path string) string {
	t.Helper()
	body, err := ask(addr, path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return body
}

// about is what app.js tells of its process.
type about struct {
	ID          int
	PID         int
	Slot        string
	Marker      string
	ExecArgv    []string
	ChannelSeen bool
}

// getApp asks app.js.
func getApp(t *testing.T, addr, path string) (a about) {
	t.Helper()
	body := get(t, addr, path)
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("GET %s: %q: %v", path, body, err)
	}
	return a
}

// connectTo opens connections until one is that worker's. Not by net/http, which
// may change the connection between two requests.
func connectTo(t *testing.T, addr string, worker int) net.Conn {
	t.Helper()
	for deadline := time.Now().Add(kit.Patience); time.Now().Before(deadline); {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if request(t, conn, "/") == worker {
			t.Cleanup(func() { conn.Close() })
			return conn
		}
		conn.Close()
	}
	t.Fatalf("worker %d does not answer", worker)
	return nil
}

// getFrom has one worker answer a request.
func getFrom(t *testing.T, addr string, worker int, path string) {
	t.Helper()
	conn := connectTo(t, addr, worker)
	defer conn.Close()
	request(t, conn, path)
}

// answerers asks on n connections and counts who answered, by the body.
func answerers(t *testing.T, addr, path string, n int) map[string]int {
	t.Helper()
	by := map[string]int{}
	for range n {
		by[strings.TrimSpace(get(t, addr, path))]++
	}
	return by
}

// tryRequest asks app.js on an open connection and returns the worker's id.
func tryRequest(conn net.Conn, path string) (worker int, err error) {
	if err := conn.SetDeadline(time.Now().Add(kit.Patience)); err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); err != nil {
		return 0, err
	}
	// No byte follows an answer before the next question, so nothing is lost in
	// a reader that is thrown away.
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	return strconv.Atoi(res.Header.Get("Muster-Worker"))
}

func request(t *testing.T, conn net.Conn, path string) (worker int) {
	t.Helper()
	worker, err := tryRequest(conn, path)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return worker
}
