// Package wireword has the words of the JSON form (docs/wire.md) that the engine
// writes and the screen of this module tells apart.
package wireword

// ByKey is the engine.By of a key of the dashboard.
const ByKey = "key"

// Why a hand-off failed (engine.TrafficHop).
const (
	HopRefused = "refused"             // the worker said no
	HopLost    = "descriptor lost"     // the worker did not get the descriptor
	HopDied    = "worker died first"   // without having answered
	HopLeft    = "channel ended first" // without an answer, and the process lived on
	HopUsed    = "used, not answered"  // the worker had begun with the client without an answer: no other worker got the connection
)

// Why a connection had to wait in the queue (engine.TrafficConn).
const (
	WaitedNobody  = "no worker listens"
	WaitedFull    = "every worker holds all it may"
	WaitedRefused = "every worker refused just now"
	WaitedSilent  = "no worker answers"
)
