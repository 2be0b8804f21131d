package engine

import "testing"

func TestOpenAtDeath(t *testing.T) {
	whole := [tallyWords]uint64{tallyForm: tallyV1, tallyAccepted: 3, tallyEnded: 7, tallyIdle: 2}
	with := func(word int, v uint64) (w [tallyWords]uint64) {
		w = whole
		w[word] = v
		return w
	}
	for name, tt := range map[string]struct {
		words      [tallyWords]uint64
		handed     uint64
		open, idle int
		ok         bool
	}{
		"handed and accepted":             {whole, 10, 6, 2, true},
		"all over":                        {whole, 4, 0, 0, true},
		"more idle than open":             {with(tallyIdle, 9), 5, 1, 1, true},
		"nothing written":                 {[tallyWords]uint64{}, 10, 0, 0, false},
		"another form":                    {with(tallyForm, 2), 10, 0, 0, false},
		"died while accepting":            {with(tallyAccepting, 1), 10, 0, 0, false},
		"died while a connection ended":   {with(tallyEnding, 1), 10, 0, 0, false},
		"its program accepts for itself":  {with(tallyUntold, 1), 10, 0, 0, false},
		"ended more than it had":          {whole, 3, 0, 0, false},
		"a lie":                           {with(tallyAccepted, 1<<63), 10, 0, 0, false},
		"a lie of another kind":           {with(tallyEnded, 0), 1 << 40, 0, 0, false},
		"a lie about what is idle":        {with(tallyIdle, 1<<63), 10, 6, 6, true},
		"a gauge that went below nothing": {with(tallyEnding, ^uint64(0)), 10, 0, 0, false},
	} {
		open, idle, ok := openAtDeath(tt.words, tt.handed)
		if open != tt.open || idle != tt.idle || ok != tt.ok {
			t.Errorf("%s: %d, %d, %v; want %d, %d, %v", name, open, idle, ok, tt.open, tt.idle, tt.ok)
		}
	}
}

func TestDeathFacts(t *testing.T) {
	good := &[tallyWords]uint64{tallyForm: tallyV1, tallyEnded: 1}
	bad := &[tallyWords]uint64{tallyForm: tallyV1, tallyEnding: 1}
	for name, tt := range map[string]struct {
		f     deathFacts
		open  int
		known bool
	}{
		"a tally":                                {deathFacts{tally: good, taken: 3}, 2, true},
		"a tally beats what was counted":         {deathFacts{tally: good, taken: 3, counted: new(9)}, 2, true},
		"a tally that does not know":             {deathFacts{tally: bad, taken: 3}, 0, false},
		"likewise, but it was counted":           {deathFacts{tally: bad, taken: 3, counted: new(2)}, 2, true},
		"counted":                                {deathFacts{taken: 3, accepts: true, counted: new(4)}, 4, true},
		"it never listened":                      {deathFacts{neverServed: true}, 0, true},
		"it took nothing":                        {deathFacts{}, 0, true},
		"it took nothing but may have accepted":  {deathFacts{accepts: true}, 0, false},
		"it took some":                           {deathFacts{taken: 3}, 0, false},
		"none since a look that found none":      {deathFacts{taken: 3, base: 3}, 0, true},
		"some since":                             {deathFacts{taken: 4, base: 3}, 0, false},
		"it had closed its servers, and drained": {deathFacts{taken: 4, accepts: true, drained: true}, 0, true},
	} {
		open, _, known := tt.f.cut()
		if open != tt.open || known != tt.known {
			t.Errorf("%s: %d, %v; want %d, %v", name, open, known, tt.open, tt.known)
		}
	}
}
