// Dashboard serves a handler of its own with one worker process per CPU, and
// shows them live. Without a terminal it is the example server.
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
	"muster/tui"
)

func main() {
	// For the case without a terminal; the dashboard hears signals by itself.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked for", r.URL.Path) // a line of the dashboard's log
		fmt.Fprintf(w, "hello from worker %d\n", engine.Self().ID())
	})
	if err := tui.Serve(ctx, cmp.Or(os.Getenv("ADDR"), "127.0.0.1:3000"), hello); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}
