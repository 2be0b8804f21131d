package engine

import (
	"slices"
	"testing"
	"time"
)

func TestMergeEnv(t *testing.T) {
	for _, c := range []struct {
		name            string
		base, set, want []string
	}{
		{"nothing", nil, nil, nil},
		{"only what there was", []string{"A=1", "B=2"}, nil, []string{"A=1", "B=2"}},
		{"added", []string{"A=1"}, []string{"B=2"}, []string{"A=1", "B=2"}},
		{"replaced", []string{"A=1", "B=2"}, []string{"A=3"}, []string{"B=2", "A=3"}},
		{"the last one counts", nil, []string{"A=1", "B=2", "A=3"}, []string{"B=2", "A=3"}},
		{"all old ones go", []string{"A=1", "B=2", "A=4"}, []string{"A=3"}, []string{"B=2", "A=3"}},
		{"empty", []string{"A=1"}, []string{"A="}, []string{"A="}},
		{"an equals sign in the value", []string{"A=1"}, []string{"A=x=y"}, []string{"A=x=y"}},
		{"a name that begins another", []string{"AB=1"}, []string{"A=2"}, []string{"AB=1", "A=2"}},
		{"case counts", []string{"a=1"}, []string{"A=2"}, []string{"a=1", "A=2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, set := slices.Clone(c.base), slices.Clone(c.set)
			if got := mergeEnv(c.base, c.set); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if !slices.Equal(c.base, base) || !slices.Equal(c.set, set) {
				t.Error("it changed what it was given")
			}
		})
	}
}

// Nobody's environment makes a worker of another cluster of ours, or another
// worker than it is.
func TestEnvironOfAWorker(t *testing.T) {
	t.Setenv(envUniqueID, "99")
	t.Setenv(envMaxProcs, "7")
	l := newLoop(Options{WorkerProcs: 1}, program{builtin: true}, nil, time.Now)
	l.pid, l.family.token, l.plan.settings.Env = 4711, "t", []string{"A=1", "B=1", envChannelFD + "=9"}
	got := l.supervisor.environ(&worker{id: 3, slot: &slot{index: 2}, start: startup{env: []string{"B=2", envPrimary + "=1", envMark + "=t.8", envSlot + "=8"}}})
	for _, want := range []string{"A=1", "B=2", "NODE_UNIQUE_ID=3", "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE=json",
		"MUSTER_PRIMARY=4711", "MUSTER_WORKER=t.3", "NODE_APP_INSTANCE=2", "GOMAXPROCS=1"} {
		name := want[:slices.Index([]byte(want), '=')+1]
		var have []string
		for _, kv := range got {
			if len(kv) >= len(name) && kv[:len(name)] == name {
				have = append(have, kv)
			}
		}
		if !slices.Equal(have, []string{want}) {
			t.Errorf("%q, want %q", have, want)
		}
	}
}
