package engine_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"muster/engine"
)

// A whole program: one worker process per CPU serves a handler.
func ExampleServe() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from worker %d\n", engine.Self().ID())
	})
	if err := engine.Serve(ctx, "127.0.0.1:3000", hello); err != nil {
		log.Fatal(err)
	}
}

// The same with the two sides written out: main does it first of all.
func ExampleServeHTTP() {
	worker, err := engine.Role()
	if err != nil {
		log.Fatal(err)
	}
	if worker {
		ln, err := engine.Listen("tcp", "127.0.0.1:3000")
		if err != nil {
			log.Fatal(err)
		}
		// It returns when the worker was told to leave and has nothing more to do.
		if err := engine.ServeHTTP(ln, &http.Server{Handler: http.NotFoundHandler()}); err != nil {
			log.Fatal(err)
		}
		return
	}
	c, err := engine.New(engine.Options{Workers: 4, Grace: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// A cluster of another program, which is run until its context ends.
func ExampleNew() {
	c, err := engine.New(engine.Options{
		Workers:  2,
		Settings: engine.Settings{Exec: "sleep", Args: []string{"60"}},
		Grace:    100 * time.Millisecond, // sleep does not hear that it is to leave
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	started := 0
	c.OnFork(func(*engine.Worker) {
		if started++; started == 2 {
			stop()
		}
	})
	if err := c.Run(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d workers were started, %d are left\n", started, len(c.Workers()))
	// Output: 2 workers were started, 0 are left
}

// As in Node: fork, and hear of the end. Nobody replaces a worker here.
func ExampleCluster_Fork() {
	c, err := engine.New(engine.Options{
		Workers:   -1, // none at the start
		NoRestart: true,
		Settings:  engine.Settings{Exec: "sh", Args: []string{"-c", "exit $CODE"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	c.OnExit(func(w *engine.Worker, d engine.ExitDetail) {
		fmt.Printf("%v has ended: %v, voluntary: %t\n", w, d, d.Voluntary)
	})
	for _, code := range []string{"0", "3"} {
		w, err := c.Fork("CODE=" + code)
		if err != nil {
			log.Fatal(err)
		}
		<-w.Done()
	}
	c.Close() // returns when all listeners have
	// Output:
	// worker 1 has ended: code 0, voluntary: false
	// worker 2 has ended: code 3, voluntary: false
}

// Each setup replaces what it sets, for later forks.
func ExampleCluster_SetupPrimary() {
	c, err := engine.New(engine.Options{Workers: -1})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	for _, s := range []engine.Settings{
		{Exec: "node", ExecArgv: []string{"--max-old-space-size=512"}, Args: []string{"server.js"}},
		{Args: []string{"server.js", "--verbose"}},
	} {
		if err := c.SetupPrimary(s); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(c.Settings())
	// Output: {"exec":"node","execArgv":["--max-old-space-size=512"],"args":["server.js","--verbose"]}
}

// The policy of a live cluster can be changed, and no connection is lost by it.
func ExampleCluster_SetSchedulingPolicy() {
	c, err := engine.New(engine.Options{Addr: "127.0.0.1:0", Workers: -1, Policy: engine.SchedRR})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	fmt.Println(c.SchedulingPolicy())
	if why := c.Snapshot().PolicyFixed; why != "" {
		fmt.Println("it cannot be changed:", why) // not on Linux
		return
	}
	if err := c.SetSchedulingPolicy(engine.SchedNone); err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.SchedulingPolicy())
	// Output:
	// rr
	// shared
}

// A message to a worker, and its answer. The worker's side is Child.OnMessage
// and Child.Send.
func ExampleWorker_Send() {
	c, err := engine.New(engine.Options{Workers: -1})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	w, err := c.Fork()
	if err != nil {
		log.Fatal(err)
	}
	answer := make(chan engine.Message, 1)
	remove := w.OnMessage(func(m engine.Message) { answer <- m })
	defer remove()
	if err := w.Send(map[string]any{"do": "reload", "what": "templates"}); err != nil {
		log.Fatal(err)
	}
	select {
	case m := <-answer:
		fmt.Printf("worker %d says %s\n", m.Worker, m.Value)
	case <-w.Done():
		fmt.Println(w, "has ended without an answer")
	}
}

// What a worker does with the messages of its primary.
func ExampleChild_OnMessage() {
	self := engine.Self() // nil in a primary
	self.OnMessage(func(m engine.Message) {
		if err := self.Send(fmt.Sprintf("%s is done", m.Value)); err != nil {
			log.Print(err)
		}
	})
}
