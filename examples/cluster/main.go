// Cluster is the classic example of Node's cluster module: a primary forks one
// worker per CPU, all of them serve one port, and a worker that dies is
// reported but not replaced.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"muster/engine"
)

func main() {
	// First of all: the workers are this same program.
	worker, err := engine.Role()
	switch {
	case err != nil:
	case worker:
		err = serve()
	default:
		err = primary()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// primary forks the workers and stays until the last of them has gone.
func primary() error {
	fmt.Printf("Master with Process ID : %d is running\n", os.Getpid())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	c, err := engine.New(engine.Options{
		Workers:   -1,                                  // none at the start: they are forked below
		NoRestart: true,                                // as Node does
		Settings:  engine.Settings{Silent: new(false)}, // they share the primary's output
		Grace:     5 * time.Second,
	})
	if err != nil {
		return err
	}
	c.OnExit(func(w *engine.Worker, _ engine.ExitDetail) {
		fmt.Printf("worker with Process ID : %d died\n", w.Process().PID())
	})
	var workers []*engine.Worker
	for range c.Snapshot().CPUs {
		w, err := c.Fork()
		if err != nil {
			_ = c.Close() // it has no error
			return err
		}
		workers = append(workers, w)
	}
	go func() { // ends with the workers, and they do not outlive Run
		for _, w := range workers {
			<-w.Done()
		}
		c.Stop()
	}()
	return c.Run(ctx)
}

// serve is what each worker does.
func serve() error {
	ln, err := engine.Listen("tcp", cmp.Or(os.Getenv("ADDR"), ":3000"))
	if err != nil {
		return err
	}
	fmt.Printf("Worker with Process ID : %d started\n", os.Getpid())
	return engine.ServeHTTP(ln, &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "An example of clusters\n") // an error is a client that has left
		}),
	})
}
