// Server serves a handler of its own with one worker process per CPU. A worker
// that dies is replaced; an interrupt lets the requests under way finish.
package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"muster/engine"
)

func main() {
	// Everything here is done by every worker too: they are this same program,
	// and part from the primary inside Serve.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from worker %d\n", engine.Self().ID())
	})
	if err := engine.Serve(ctx, cmp.Or(os.Getenv("ADDR"), "127.0.0.1:3000"), mux); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}
