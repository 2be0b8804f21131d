package main

import (
	_ "embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"

	"github.com/creack/pty"
)

//go:embed page.html
var page []byte

// maxInput bounds one request's keys: a paste, not a file.
const maxInput = 1 << 20

// session is a command on a terminal, and the one visitor who sees it. The
// visit is the request for the output: with it the command starts, and whichever
// of the two ends first ends the other.
type session struct {
	command []string
	scripts fs.FS

	once    sync.Once
	visited chan struct{} // closed when the visitor has come
	over    chan struct{} // closed when he, and the command, have gone
	err     error         // why there was nothing to see; read after over

	mu       sync.Mutex
	terminal *os.File // nil before the visit and after it
}

func newSession(command []string, scripts fs.FS) *session {
	return &session{command: command, scripts: scripts, visited: make(chan struct{}), over: make(chan struct{})}
}

func (s *session) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // fails if the reader has gone
	})
	mux.Handle("GET /@xterm/", http.FileServerFS(s.scripts))
	mux.HandleFunc("GET /output", s.output)
	mux.HandleFunc("POST /input", s.input)
	mux.HandleFunc("POST /size", s.resize)
	return http.NewCrossOriginProtection().Handler(mux) // no other page may press keys here
}

// output is the visit.
func (s *session) output(w http.ResponseWriter, r *http.Request) {
	size, err := sizeOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	first := false
	s.once.Do(func() { first = true })
	if !first {
		http.Error(w, "one visitor only", http.StatusConflict)
		return
	}
	defer close(s.over)
	close(s.visited)
	if err := s.show(w, r, size); err != nil {
		s.err = fmt.Errorf("running %q: %w", s.command, err)
		http.Error(w, s.err.Error(), http.StatusInternalServerError)
	}
}

// show runs the command and sends what it writes. An error means it did not
// start.
func (s *session) show(w http.ResponseWriter, r *http.Request, size *pty.Winsize) error {
	cmd := exec.Command(s.command[0], s.command[1:]...)
	cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	terminal, err := pty.StartWithSize(cmd, size)
	if err != nil {
		return err
	}
	s.setTerminal(terminal)
	gone := make(chan struct{})
	stop := make(chan struct{})
	go func() { // a command may write nothing for long: reading does not see the visitor go
		defer close(gone)
		select {
		case <-r.Context().Done():
		case <-stop:
		}
		_ = cmd.Process.Kill() // it may have ended by itself
	}()
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = io.Copy(flushing{w, http.NewResponseController(w)}, terminal) // until either end has gone
	close(stop)
	<-gone
	s.setTerminal(nil)
	terminal.Close() // what the command left on it gets a SIGHUP
	_ = cmd.Wait()   // killed, or whatever code it chose
	return nil
}

func (s *session) setTerminal(f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.terminal = f
}

// withTerminal calls f with the terminal, if there is one now, and answers the
// request. A call is short: what is typed into a full terminal waits, as at a
// real one, and the next key behind it.
func (s *session) withTerminal(w http.ResponseWriter, f func(*os.File) error) {
	s.mu.Lock()
	terminal := s.terminal
	s.mu.Unlock()
	if terminal == nil {
		http.Error(w, "the command does not run", http.StatusConflict)
		return
	}
	if err := f(terminal); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *session) input(w http.ResponseWriter, r *http.Request) {
	keys, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInput))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.withTerminal(w, func(terminal *os.File) error {
		_, err := terminal.Write(keys)
		return err
	})
}

func (s *session) resize(w http.ResponseWriter, r *http.Request) {
	size, err := sizeOf(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.withTerminal(w, func(terminal *os.File) error { return pty.Setsize(terminal, size) })
}

// sizeOf reads ?cols=&rows=.
func sizeOf(r *http.Request) (*pty.Winsize, error) {
	cols, err := strconv.ParseUint(r.FormValue("cols"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("cols: %w", err)
	}
	rows, err := strconv.ParseUint(r.FormValue("rows"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}, nil
}

// flushing sends every write at once: the visitor watches.
type flushing struct {
	w io.Writer
	c *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err == nil {
		err = f.c.Flush()
	}
	return n, err
}
