package engine

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

var inputNames = map[string]input{
	"online": inOnline, "listening": inListening, "order": inOrder, "announce": inAnnounce, "kill": inKill,
	"channel-ends": inChanEnd, "process-gone": inGone, "process-ends": inProcEnd,
}

var effectNames = map[effect]string{
	fxOnline: "online", fxListening: "listening", fxLeave: "leave", fxRelease: "release", fxSettle: "settle",
	fxDisconnect: "disconnect", fxExit: "exit", fxAwaitChannel: "await",
}

func live(t *testing.T, inputs string) (life, string) {
	t.Helper()
	l := life{state: StateForked}
	var did []string
	for _, name := range strings.Fields(inputs) {
		in, ok := inputNames[name]
		if !ok {
			t.Fatalf("no input %q", name)
		}
		var fx []effect
		l, fx = l.step(in)
		for _, f := range fx {
			did = append(did, effectNames[f])
		}
	}
	return l, strings.Join(did, " ")
}

func TestLife(t *testing.T) {
	for _, c := range []struct {
		name, inputs, effects string
		state                 State
		voluntary             tri
	}{
		{"comes up", "online listening", "online listening", StateListening, unset},
		{"a second server", "online listening listening", "online listening", StateListening, unset},
		{"says online twice", "online online", "online", StateOnline, unset},

		{"worker.disconnect() by the primary", "online listening order channel-ends process-ends",
			"online listening leave release disconnect settle exit", StateExited, yes},
		{"worker.disconnect() by the worker", "online listening announce channel-ends process-ends",
			"online listening leave release disconnect settle exit", StateExited, yes},
		{"both", "online listening order announce order channel-ends process-ends",
			"online listening leave release disconnect settle exit", StateExited, yes},
		{"told before it was up", "order channel-ends process-ends", "leave release disconnect settle exit", StateExited, yes},
		{"listens when it was told to leave", "online order listening", "online leave", StateDisconnecting, yes},

		{"worker.kill(): the signal and nothing else", "online listening kill", "online listening", StateListening, yes},
		{"killed through the API, process first", "online listening kill process-ends channel-ends",
			"online listening leave await release settle disconnect exit", StateExited, yes},

		{"crash, process first", "online listening process-ends channel-ends",
			"online listening leave await release settle disconnect exit", StateExited, no},
		{"crash, channel first", "online listening channel-ends process-ends",
			"online listening leave release disconnect settle exit", StateExited, no},
		{"crash at the start", "process-ends channel-ends", "leave await release settle disconnect exit", StateExited, no},
		{"its last words say that it leaves", "online listening process-ends announce channel-ends",
			"online listening leave await release settle disconnect exit", StateExited, yes},

		{"its hand-offs wait for no output", "online listening channel-ends process-gone",
			"online listening leave release disconnect settle", StateDisconnected, no},
		{"gone, then the rest", "online listening process-gone channel-ends process-ends",
			"online listening leave release settle disconnect exit", StateExited, no},
		{"its channel ends and it lives on", "online listening channel-ends",
			"online listening leave release disconnect", StateDisconnected, no},
		{"told when its channel has ended", "online listening channel-ends order",
			"online listening leave release disconnect", StateDisconnected, no},
		{"everything again after its end", "channel-ends process-ends online listening order announce kill channel-ends process-ends",
			"leave release disconnect settle exit", StateExited, no},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, did := live(t, c.inputs)
			if did != c.effects {
				t.Errorf("effects %s\n    want %s", did, c.effects)
			}
			if l.state != c.state || l.voluntary != c.voluntary {
				t.Errorf("state %s, voluntary %v; want %s, %v", l.state, l.voluntary, c.state, c.voluntary)
			}
		})
	}
}

// Whatever happens to a worker, in whatever order: every event once, in its
// order, an exit exactly when both its channel and its process have ended, and
// its hand-offs to others not before that except its output.
func TestLifeInEveryOrder(t *testing.T) {
	order := []effect{fxOnline, fxListening, fxRelease, fxDisconnect, fxExit} // where they come at all
	ins := []input{inOnline, inListening, inOrder, inAnnounce, inKill, inChanEnd, inGone, inProcEnd}
	var path []input
	var try func(l life, did []effect)
	try = func(l life, did []effect) {
		at, leaves, settles := -1, 0, 0
		for _, f := range did {
			switch f {
			case fxAwaitChannel:
				continue
			case fxLeave:
				leaves++
				continue
			case fxSettle:
				if settles++; at < 2 || at == 4 {
					t.Fatalf("inputs %v: effects %v", path, did)
				}
				continue
			}
			i := slices.Index(order, f)
			if i <= at || leaves > 1 || settles > 1 || leaves == 1 && f == fxListening || leaves == 0 && f == fxRelease {
				t.Fatalf("inputs %v: effects %v", path, did)
			}
			at = i
		}
		has := func(f effect) bool { return slices.Contains(did, f) }
		ended := slices.Contains(path, inChanEnd) && slices.Contains(path, inProcEnd)
		switch {
		case has(fxExit) != ended, has(fxExit) != (l.state == StateExited):
			t.Fatalf("inputs %v: effects %v, state %s", path, did, l.state)
		case has(fxDisconnect) != slices.Contains(path, inChanEnd):
			t.Fatalf("inputs %v: effects %v", path, did)
		case has(fxSettle) != (has(fxRelease) && (slices.Contains(path, inGone) || slices.Contains(path, inProcEnd))):
			t.Fatalf("inputs %v: effects %v", path, did)
		case has(fxDisconnect) && (l.voluntary == unset || !has(fxLeave) || !has(fxRelease)):
			t.Fatalf("inputs %v: effects %v, voluntary %v", path, did, l.voluntary)
		case l.leaving != has(fxLeave):
			t.Fatalf("inputs %v: leaving %v, effects %v", path, l.leaving, did)
		}
		if len(path) == 6 {
			return
		}
		for _, in := range ins {
			next, fx := l.step(in)
			path = append(path, in)
			try(next, slices.Concat(did, fx))
			path = path[:len(path)-1]
		}
	}
	try(life{state: StateForked}, nil)
}

func TestSignalsThatEndAWorker(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		if !endsWorker(sig) {
			t.Errorf("%v does not count as a kill", sig)
		}
	}
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH} {
		if endsWorker(sig) {
			t.Errorf("%v counts as a kill", sig)
		}
	}
}

func TestVoluntaryInASnapshot(t *testing.T) {
	if unset.pointer() != nil {
		t.Error("unset is known")
	}
	if p := yes.pointer(); p == nil || !*p {
		t.Errorf("yes: %v", p)
	}
	if p := no.pointer(); p == nil || *p {
		t.Errorf("no: %v", p)
	}
}
