package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"muster/engine"
)

// question and answer have an id: answers may come in any order.
type question struct {
	ID     int `json:"id"`
	Number int `json:"number"`
}

type answer struct {
	ID     int `json:"id"`
	Square int `json:"square"`
}

// asker asks a worker, from any goroutine.
type asker struct {
	w *engine.Worker

	mu      sync.Mutex
	last    int
	waiting map[int]chan<- int // by id
}

func newAsker(w *engine.Worker) *asker {
	a := &asker{w: w, waiting: make(map[int]chan<- int)}
	w.OnMessage(func(m engine.Message) {
		var ans answer
		if json.Unmarshal(m.Value, &ans) != nil {
			return // not for us
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		if reply, ok := a.waiting[ans.ID]; ok {
			delete(a.waiting, ans.ID)
			reply <- ans.Square // has room for it
		}
	})
	return a
}

// ask waits for the answer of the worker, its end, or that of ctx.
func (a *asker) ask(ctx context.Context, number int) (square int, err error) {
	reply := make(chan int, 1)
	a.mu.Lock()
	a.last++
	id := a.last
	a.waiting[id] = reply
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.waiting, id)
	}()

	if err := a.w.Send(question{id, number}); err != nil {
		return 0, err
	}
	select {
	case square = <-reply:
		return square, nil
	case <-a.w.Done():
		return 0, fmt.Errorf("%v has ended before its answer", a.w)
	case <-ctx.Done():
		return 0, fmt.Errorf("asking %v: %w", a.w, ctx.Err())
	}
}
