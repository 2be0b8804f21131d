package tui

import (
	"time"

	"muster/engine"
)

// policySwitch is the state of the keys p and P. While a switch runs, further presses
// only change the wanted result.
type policySwitch struct {
	running bool
	want    engine.Policy
	now     engine.Policy // in force already, though no picture says so yet; 0 = ask the picture
	at      time.Time
}

// seen forgets what the cluster answered once a picture is newer.
func (p *policySwitch) seen(snap *engine.Snapshot) {
	if !p.running && (snap.Policy == p.now || snap.Time.After(p.at)) {
		p.now = 0
	}
}
