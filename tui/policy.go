package tui

import (
	"time"

	"muster/engine"
)

// policySwitch is where p stands. While a switch runs, presses only change
// what is wanted in the end.
type policySwitch struct {
	running bool
	want    engine.Policy
	now     engine.Policy // in force, before a picture says so; 0 = ask the picture
	at      time.Time
}

// seen forgets what the cluster answered once a picture is newer.
func (p *policySwitch) seen(snap *engine.Snapshot) {
	if !p.running && (snap.Policy == p.now || snap.Time.After(p.at)) {
		p.now = 0
	}
}
