// Package load is an HTTP/1.1 client that counts every failure by kind.
//
// It measures what a server's clients would see, so it hides nothing: no retry,
// no pool that quietly opens another connection. net/http's Transport sends a
// request again when a kept connection turns out to be closed. Here that
// request counts as failed, because a server that drains properly does not let
// it happen.
//
// Without a rate it is a closed loop: each of Concurrency clients sends its
// next request when it has the answer to the last, so a server that stalls gets
// fewer requests and looks better than it is. With a rate it is an open loop,
// as real users are: requests are due at fixed times, evenly spaced, whatever
// the server does, and a latency counts from the time the request was due.
// While all clients are busy requests wait and are sent late; the wait is part
// of their latency, so no stall is left out of the percentiles. Nothing in it
// is random.
//
// A client is one goroutine with at most one connection and at most one request
// under way. An open loop starts clients as it needs them, and gives a request
// to the client that was idle for the shortest time, so that it keeps no more
// connections than the rate needs. A connection that the server has closed
// while it was idle is not used again: any client would see the close. A
// connection that the server closes in the very moment of a request is a
// failure.
//
// Every request ends in exactly one way:
//
//	ok         the whole answer came and is as expected
//	refused    no connection could be made
//	reset      the connection was reset before the first byte of an answer
//	timed out  not done within Timeout, wherever it stood
//	cut        an answer began and broke off, or the connection was closed
//	           instead of an answer, kept ones included
//	wrong      an answer that is not HTTP, not as expected, to another
//	           request, too long, or followed by bytes nobody asked for
//
// so Sent is the sum of these six, also when the run is stopped half-way: a
// request under way at the stop may finish, and is counted.
package load
