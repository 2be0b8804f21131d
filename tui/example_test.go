package tui_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"muster/engine"
	"muster/tui"
)

// A whole program: one worker process per CPU serves a handler, and a screen
// shows them live.
func ExampleServe() {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from worker %d\n", engine.Self().ID())
	})
	if err := tui.Serve(context.Background(), "127.0.0.1:3000", hello); err != nil {
		log.Fatal(err)
	}
}
