// Package demo is the built-in worker: the HTTP server of the lesson, with a
// few more paths to try things on.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"muster/engine"
)

// Page is what every request is answered with, unless its path is one of those
// below.
const Page = "An example of clusters\n"

// longest bounds what /slow and /burn may take.
const longest = 10 * time.Minute

// Run serves until the primary tells the worker to leave. It returns the
// process's exit code. Call it in a worker, after engine.Role.
func Run() int {
	if testMode() {
		return 0
	}
	answerMessages(engine.Self())
	ln, err := listen(os.Getenv("MUSTER_ADDR"))
	if err != nil {
		select {
		case <-engine.Self().Leaving(): // told to leave before it was there
			return 0
		default:
		}
		fmt.Fprintf(os.Stderr, "muster: %v\n", err) // it names worker and address
		return 1
	}
	srv := &http.Server{
		Handler:           handler(engine.Self()),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if err := engine.ServeHTTP(ln, srv); err != nil {
		fmt.Fprintf(os.Stderr, "muster: worker %d: %v\n", engine.Self().ID(), err)
		return 1
	}
	return 0
}

func listen(addr string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		return engine.Listen("unix", path)
	}
	return engine.Listen("tcp", addr)
}

func handler(c *engine.Child) http.Handler {
	name := fmt.Sprintf("%d (pid %d)", c.ID(), os.Getpid())
	who, err := json.Marshal(struct {
		ID   int `json:"id"`
		Slot int `json:"slot"`
		PID  int `json:"pid"`
	}{c.ID(), c.Slot(), os.Getpid()})
	if err != nil {
		panic(err) // three numbers always have a form
	}
	who = append(who, '\n') // here: handlers run at once, and share it
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		seen(r)
		_, _ = io.WriteString(w, Page)
	})
	mux.HandleFunc("/whoami", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(who)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		d, ok := duration(w, r)
		if !ok {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), d)
		defer cancel()
		<-ctx.Done()
		_, _ = io.WriteString(w, Page)
	})
	mux.HandleFunc("/burn", func(w http.ResponseWriter, r *http.Request) {
		d, ok := duration(w, r)
		if !ok {
			return
		}
		for end := time.Now().Add(d); time.Now().Before(end) && r.Context().Err() == nil; {
		}
		_, _ = io.WriteString(w, Page)
	})
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) {
		// On a goroutine of its own: net/http recovers from a handler's panic.
		go panic("crash asked for by GET /crash")
		select {} // else it might be answered first
	})
	mux.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.FormValue("code"))
		if r.FormValue("code") != "" && (err != nil || code < 0 || code > 255) {
			http.Error(w, "code must be a number from 0 to 255", http.StatusBadRequest)
			return
		}
		os.Exit(code)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Muster-Worker", name)
		mux.ServeHTTP(w, r)
	})
}

// duration reads ?ms=, and answers the request if it is no good.
func duration(w http.ResponseWriter, r *http.Request) (time.Duration, bool) {
	n, err := strconv.Atoi(r.FormValue("ms"))
	if d := time.Duration(n) * time.Millisecond; err == nil && d >= 0 && d <= longest {
		return d, true
	}
	http.Error(w, fmt.Sprintf("ms must be a number from 0 to %d", longest.Milliseconds()), http.StatusBadRequest)
	return 0, false
}
