package engine

import "context"

// mailbox is the way to the loop, from any goroutine.
type mailbox struct {
	in    chan msg
	done  chan struct{} // closed when the loop has returned
	start func()        // starts the loop, once
}

// post hands a message to the loop. It returns false if the loop has ended;
// then the caller owns the message again.
func (b *mailbox) post(m msg) bool {
	select {
	case b.in <- m:
		return true
	case <-b.done:
		return false
	}
}

// answer is what the loop replies to a question of the API.
type answer[T any] struct {
	v   T
	err error
}

// askLoop sends the loop a question and waits for its answer.
func askLoop[T any](ctx context.Context, b *mailbox, question func(chan<- answer[T]) msg) (T, error) {
	reply := make(chan answer[T], 1)
	b.start()
	var none T
	if err := ctx.Err(); err != nil { // the select below may choose either ready case
		return none, err
	}
	select {
	case b.in <- question(reply):
	case <-b.done:
		return none, ErrStopped
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case a := <-reply:
		return a.v, a.err
	case <-b.done:
		select {
		case a := <-reply:
			return a.v, a.err
		default:
			return none, ErrStopped
		}
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// do makes the loop carry out a command.
func (b *mailbox) do(ctx context.Context, cmd Command) (Result, error) {
	return askLoop(ctx, b, func(reply chan<- answer[Result]) msg { return msgCommand{cmd, reply} })
}

// msg is what the loop's goroutine is told. The list of types below is the
// list of everything that can happen.
type msg interface{ isMsg() }

// msgCommand asks for a command to be carried out.
type msgCommand struct {
	cmd   Command
	reply chan<- answer[Result]
}

func (msgCommand) isMsg() {}
