// Package load is an HTTP/1.1 client that counts every failure by kind.
//
// It measures what a server's clients would see, so it hides nothing: no
// retry, no pool that quietly opens another connection. net/http's Transport
// sends a request again when a kept connection turns out to be closed; here
// that request failed and is counted, because a server that drains properly
// does not let it happen.
//
// Each of Concurrency clients is one goroutine with at most one connection and
// at most one request under way. Every request ends in exactly one way:
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
// request under way then may finish, and is counted.
package load
