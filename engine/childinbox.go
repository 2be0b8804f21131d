package engine

import (
	"slices"
	"sync"
)

const (
	inboxMessages = 1024     // messages that may wait for OnMessage
	inboxBytes    = 16 << 20 // bytes of messages that may wait
)

// inbox holds the program's messages from the channel, in order, until its own
// goroutine has handed them over.
type inbox struct {
	mu      sync.Mutex
	changed sync.Cond
	items   []parcel
	count   int  // messages among items
	bytes   int  // of those
	asking  int  // questions whose answers come through the same reader
	heard   bool // OnMessage has been called
	ended   bool // nothing more will come

	message    []*func(Message)
	disconnect []*func()
}

func newInbox() *inbox {
	b := new(inbox)
	b.changed.L = &b.mu
	return b
}

// parcel is a message, or a function to call when everything before it was
// handled.
type parcel struct {
	msg  Message
	then func()
}

// put takes in a message. If it is one too many it is dropped as long as nobody
// has ever listened: maybe nobody ever will, and the reader must go on.
func (b *inbox) put(m Message) {
	b.mu.Lock()
	if b.ended || !b.heard && b.count > 0 && (b.count >= inboxMessages || b.bytes+len(m.Value) > inboxBytes) {
		b.mu.Unlock()
		m.drop()
		return
	}
	b.items = append(b.items, parcel{msg: m})
	b.count++
	b.bytes += len(m.Value)
	b.changed.Broadcast()
	b.mu.Unlock()
}

// after calls f when everything that waits now was handled, at once if nobody
// handles it.
func (b *inbox) after(f func()) {
	b.mu.Lock()
	if !b.heard || b.ended {
		b.mu.Unlock()
		f()
		return
	}
	b.items = append(b.items, parcel{then: f})
	b.changed.Broadcast()
	b.mu.Unlock()
}

// await counts the questions under way. While one is under way the reader does
// not wait for room: the function that asks may be the one that makes room.
func (b *inbox) await(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asking += n
	b.changed.Broadcast()
}

// awaitRoom keeps the reader from bringing more than the program handles. It
// calls waits when it begins to wait, and when it goes on.
func (b *inbox) awaitRoom(waits func(bool)) {
	b.mu.Lock()
	room := b.hasRoom()
	b.mu.Unlock()
	if room {
		return
	}
	waits(true)
	b.mu.Lock()
	for !b.hasRoom() {
		b.changed.Wait()
	}
	b.mu.Unlock()
	waits(false)
}

// hasRoom. Held: mu.
func (b *inbox) hasRoom() bool {
	return !b.heard || b.asking > 0 || b.count < inboxMessages && b.bytes < inboxBytes
}

// run hands over messages, until end. Messages nobody has ever listened for are
// dropped then.
func (b *inbox) run() {
	for {
		p, listeners, ok := b.next()
		if !ok {
			return
		}
		if p.then != nil {
			p.then()
			continue
		}
		for _, f := range listeners {
			(*f)(p.msg)
		}
		if len(listeners) == 0 {
			p.msg.drop()
		}
	}
}

// next waits for a parcel and returns it with its listeners; false after the
// end.
func (b *inbox) next() (parcel, []*func(Message), bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.ended && (len(b.items) == 0 || !b.heard) {
		b.changed.Wait()
	}
	if len(b.items) == 0 {
		return parcel{}, nil, false
	}
	p := b.items[0]
	b.items[0] = parcel{}
	b.items = b.items[1:]
	if p.then == nil {
		b.count--
		b.bytes -= len(p.msg.Value)
	}
	b.changed.Broadcast()
	return p, b.message, true
}

// end says that no more messages will come.
func (b *inbox) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.changed.Broadcast()
}

// onMessage is OnMessage.
func (b *inbox) onMessage(f func(Message)) (remove func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heard = true
	b.changed.Broadcast()
	return subscribe(b, &b.message, f)
}

// onDisconnect is OnDisconnect.
func (b *inbox) onDisconnect(f func()) (remove func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return subscribe(b, &b.disconnect, f)
}

// subscribe adds f to a list. It makes a new list, because the old one may be
// in use. Held: mu.
func subscribe[F any](b *inbox, list *[]*F, f F) (remove func()) {
	entry := &f
	*list = append(slices.Clone(*list), entry)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		*list = slices.DeleteFunc(slices.Clone(*list), func(e *F) bool { return e == entry })
	}
}

// disconnectListeners are the functions of OnDisconnect.
func (b *inbox) disconnectListeners() []*func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.disconnect
}
