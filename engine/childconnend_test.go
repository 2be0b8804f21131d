package engine

import (
	"net/http"
	"testing"
)

// What a connection's life leaves in the tally at every step: how many have
// ended, and whether a death in that moment can be told.
func TestConnEnd(t *testing.T) {
	get := &http.Request{ProtoMajor: 1}
	last := &http.Request{ProtoMajor: 1, Close: true}
	post := &http.Request{ProtoMajor: 1, ContentLength: 5}
	session := &http.Request{ProtoMajor: 2}
	type step struct {
		do           func(e *connEnd)
		ended, known bool
	}
	request := func(r *http.Request) func(*connEnd) {
		return func(e *connEnd) { e.active(); e.request(r, false) }
	}
	returned := func(e *connEnd) { e.returned(http.Header{}) }
	for name, steps := range map[string][]step{
		"an answer, then a close by the client's wish": {
			{request(last), false, true}, {returned, false, true}, {(*connEnd).write, false, false}, {(*connEnd).closing, true, true}, {(*connEnd).closed, true, true}},
		"an answer that goes out before the handler returns": {
			{request(last), false, true}, {(*connEnd).write, false, false}, {returned, false, false}, {(*connEnd).closing, true, true}},
		"kept": {
			{request(get), false, true}, {(*connEnd).write, false, true}, {returned, false, true}, {(*connEnd).kept, false, true},
			{request(get), false, true}, {(*connEnd).write, false, true}, {(*connEnd).kept, false, true},
			{(*connEnd).closing, false, false}, {(*connEnd).closed, true, true}},
		"a body that may not have been read": {
			{request(post), false, true}, {returned, false, true}, {(*connEnd).write, false, false}, {(*connEnd).kept, false, true}},
		"a handler that says close": {
			{request(get), false, true}, {func(e *connEnd) { e.returned(http.Header{"Connection": {"close"}}) }, false, true},
			{(*connEnd).write, false, false}, {(*connEnd).closing, true, true}},
		"a bad request": {
			{(*connEnd).active, false, true}, {(*connEnd).write, false, false}, {(*connEnd).halfClosing, true, true}, {(*connEnd).closed, true, true}},
		"a worker that leaves": {
			{func(e *connEnd) { e.active(); e.request(get, true) }, false, true}, {(*connEnd).write, false, false}, {(*connEnd).closing, true, true}},
		"a TLS handshake": {
			{(*connEnd).write, false, false}, {request(get), false, true}, {(*connEnd).write, false, true}, {(*connEnd).kept, false, true}},
		"an HTTP/2 session": {
			{request(session), false, true}, {(*connEnd).write, false, true}, {returned, false, true}, {(*connEnd).kept, false, true},
			{(*connEnd).closing, false, false}, {(*connEnd).closed, true, true}},
		"a hijacked connection": {
			{request(get), false, true}, {(*connEnd).hijacked, false, true}, {(*connEnd).write, false, true},
			{(*connEnd).halfClosing, false, true}, {(*connEnd).halfClosed, false, true},
			{(*connEnd).closing, false, false}, {(*connEnd).closed, true, true}},
	} {
		words := new(tally)
		words[tallyForm].Store(tallyV1)
		e := newConnEnd(words)
		for i, s := range steps {
			s.do(e)
			open, _, known := openAtDeath(words.words(), 1)
			if ended := words[tallyEnded].Load() == 1; ended != s.ended || known != s.known {
				t.Errorf("%s, step %d: ended %v, known %v; want %v, %v", name, i, ended, known, s.ended, s.known)
			}
			if known && open == 0 != s.ended {
				t.Errorf("%s, step %d: %d open", name, i, open)
			}
		}
		if idle := words[tallyIdle].Load(); idle > 1 || idle == 1 && words[tallyEnded].Load() == 1 {
			t.Errorf("%s: %d idle", name, idle)
		}
	}
}
