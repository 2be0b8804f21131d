package spread

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func none(int) int { return 0 }

func all(int) bool { return true }

// The newcomer takes the socket where the most connections wait.
func TestTheLongestQueueFirst(t *testing.T) {
	s := New(3)
	waiting := func(i int) int { return []int{0, 5, 2}[i] }
	for i, want := range []int{1, 2, 0} {
		got, ok := s.Take(i+1, waiting)
		again, _ := s.Take(i+1, waiting)
		if !ok || got != want || again != got {
			t.Errorf("worker %d: socket %d, then %d, %v; want %d", i+1, got, again, ok, want)
		}
	}
	if i, ok := s.Take(4, waiting); ok {
		t.Errorf("worker 4 has socket %d, and none was left", i)
	}
	s.Free(2, epoch)
	if got, ok := s.Take(4, none); !ok || got != 2 || s.Parked() != 0 {
		t.Errorf("worker 4: socket %d, %v", got, ok)
	}
}

func TestLook(t *testing.T) {
	at := func(ms int) time.Time { return epoch.Add(time.Duration(ms) * time.Millisecond) }
	type step struct {
		ms, waiting     int
		since, answered int // ms; -1 = never
		want            Do
	}
	for name, steps := range map[string][]step{
		"an idle worker":                     {{0, 0, -1, -1, Nothing}, {50, 0, -1, -1, Nothing}},
		"a queue once":                       {{0, 3, -1, -1, Nothing}, {50, 0, -1, -1, Nothing}, {100, 3, -1, -1, Nothing}},
		"a queue twice, and it answers":      {{0, 3, -1, -1, Nothing}, {50, 3, -1, -1, Ask}, {100, 3, -1, 60, Nothing}, {150, 3, -1, 60, Nothing}, {200, 3, -1, 60, Ask}, {250, 3, -1, 210, Nothing}},
		"it does not answer":                 {{0, 3, -1, -1, Nothing}, {50, 3, -1, -1, Ask}, {100, 3, 50, -1, Nothing}, {150, 3, 50, -1, LeaveOut}, {200, 0, 50, -1, Nothing}},
		"it answers again":                   {{0, 1, -1, -1, Nothing}, {50, 1, 0, -1, Nothing}, {100, 1, 0, -1, LeaveOut}, {150, 0, 0, -1, Nothing}, {200, 0, -1, 180, LetIn}, {250, 0, -1, 180, Nothing}},
		"left out, and asked anew":           {{0, 1, 0, -1, Nothing}, {150, 1, 0, -1, LeaveOut}, {200, 0, -1, -1, Ask}},
		"it cannot be asked":                 {{0, 1, -1, -1, Nothing}, {50, 1, -1, -1, Ask}, {100, 1, -1, -1, Ask}, {150, 1, -1, -1, Ask}, {200, 1, -1, -1, Ask}, {250, 1, -1, -1, Ask}, {300, 1, -1, -1, Ask}, {350, 1, -1, -1, LeaveOut}},
		"asked long ago, and nothing waits":  {{500, 0, 0, -1, Nothing}},
		"asked long ago, and now a queue":    {{500, 1, 0, -1, Nothing}, {550, 1, 0, -1, LeaveOut}},
		"an answer before it was left out":   {{0, 1, 0, 0, Nothing}, {150, 1, 0, 10, LeaveOut}, {200, 0, -1, 10, Ask}},
		"a worker that always has something": {{0, 9, -1, 0, Nothing}, {50, 9, -1, 0, Nothing}, {100, 9, -1, 0, Ask}, {150, 9, 100, 0, Nothing}, {190, 9, -1, 180, Nothing}, {280, 9, -1, 180, Ask}},
	} {
		s := New(1)
		s.Take(1, none)
		for i, st := range steps {
			var a Signs
			if st.since >= 0 {
				a.Since = at(st.since)
			}
			if st.answered >= 0 {
				a.Answered = at(st.answered)
			}
			if got := s.Look(1, st.waiting, a, at(st.ms)); got != st.want {
				t.Errorf("%s, step %d: %d, want %d", name, i, got, st.want)
			}
		}
		if got := s.Look(2, 9, Signs{}, epoch); got != Nothing {
			t.Errorf("a worker without a socket: %d", got)
		}
	}
}

// With patience a worker is left out later, whether it can be asked or not.
func TestPatience(t *testing.T) {
	for _, asked := range []bool{true, false} {
		for _, patience := range []time.Duration{0, time.Second} {
			s := New(1)
			s.Take(1, none)
			signs := Signs{Answered: epoch, Patience: patience}
			now := epoch
			for s.Look(1, 1, signs, now) != LeaveOut {
				if now = now.Add(Tick); now.Sub(epoch) > 3*time.Second {
					t.Fatalf("patience %v, asked %v: it is never left out", patience, asked)
				}
				if asked && signs.Since.IsZero() && now.Sub(epoch) > askedAgain {
					signs.Since = now
				}
			}
			if took := now.Sub(epoch); took < patience || took > patience+500*time.Millisecond {
				t.Errorf("patience %v, asked %v: it is left out after %v", patience, asked, took)
			}
		}
	}
}

// Whenever a worker stops, busy or idle, it is left out within 300 ms. As long as it
// lives, one that tells what it takes is never asked, and another one ten times a
// second at most.
func TestAWorkerThatStops(t *testing.T) {
	for name, is := range map[string]struct {
		tells, busy bool
		asks        int // a second at most, while it lives
	}{
		"busy, and tells":         {true, true, 0},
		"busy, and does not tell": {false, true, 10},
		"idle":                    {false, false, 0},
		"idle, and tells":         {true, false, 0},
	} {
		for stops := 2000; stops < 2200; stops++ {
			s := New(1)
			s.Take(1, none)
			var signs Signs
			asks := 0
			out := false
			for ms := 0; !out; {
				now := epoch.Add(time.Duration(ms) * time.Millisecond)
				stopped := ms >= stops
				if is.tells {
					signs.Taken = uint64(min(ms, stops))
				}
				waiting := 0
				if is.busy || stopped {
					waiting = 5
				}
				switch s.Look(1, waiting, signs, now) {
				case Ask:
					if stopped {
						signs.Since = now
					} else {
						signs.Answered, asks = now, asks+1
					}
				case LeaveOut:
					out = true
					if late := ms - stops; late > 300 || late < 0 {
						t.Fatalf("%s: stopped at %d, left out at %d ms", name, stops, ms)
					}
				}
				pace := s.Pace(now)
				if !is.busy && !stopped && pace != idle {
					t.Fatalf("%s: the next look at an idle worker is after %v", name, pace)
				}
				ms += int(pace / time.Millisecond)
				if ms > stops+1000 {
					t.Fatalf("%s: stopped at %d, and never left out", name, stops)
				}
			}
			if asks*1000 > is.asks*(stops+100) {
				t.Fatalf("%s: asked %d times in %d ms", name, asks, stops)
			}
		}
	}
}

// 300 forks and kills at random: each worker has a socket of its own as long as there
// are some, no socket is lost, and what waits where nobody accepts is looked for.
func TestPolicy06SeatsAndWorkersAgree(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		const sockets = 6
		s := New(sockets)
		owner := make([]int, sockets) // what the model thinks
		freed := make([]time.Time, sockets)
		now, id := epoch, 0
		live := map[int]bool{}
		for range 300 {
			now = now.Add(time.Duration(r.IntN(5000)) * time.Millisecond)
			if r.IntN(2) == 0 {
				id++
				live[id] = true
				i, ok := s.Take(id, none)
				if free := slices.Contains(owner, 0); ok != free {
					t.Fatalf("seed %d: worker %d got a socket: %v, and one was free: %v", seed, id, ok, free)
				}
				if ok {
					if owner[i] != 0 {
						t.Fatalf("seed %d: socket %d was worker %d's", seed, i, owner[i])
					}
					owner[i] = id
					if r.IntN(4) > 0 {
						s.Ready(id)
					}
				}
			} else if len(live) > 0 {
				var ids []int
				for w := range live {
					ids = append(ids, w)
				}
				slices.Sort(ids)
				w := ids[r.IntN(len(ids))]
				delete(live, w)
				s.Free(w, now)
				if i := slices.Index(owner, w); i >= 0 {
					owner[i], freed[i] = 0, now
				}
			}
			for i, w := range owner {
				if got, ok := s.Of(w); w != 0 && (!ok || got != i) {
					t.Fatalf("seed %d: worker %d has %d, %v; want %d", seed, w, got, ok, i)
				}
				stray := slices.Contains(s.Stray(all, now), i)
				if want := w == 0 && !freed[i].IsZero() && now.Sub(freed[i]) < LateFor; stray != want {
					t.Fatalf("seed %d: socket %d of worker %d is looked at: %v, want %v", seed, i, w, stray, want)
				}
			}
		}
	}
}

// Nobody is blamed for the time in which the primary itself stood still.
func TestShift(t *testing.T) {
	s := New(2)
	s.Take(1, none)
	s.Take(2, none)
	s.Look(1, 1, Signs{Since: epoch}, epoch)
	s.Look(1, 1, Signs{Since: epoch}, epoch.Add(time.Second))
	s.Free(2, epoch)
	s.Shift(time.Hour)
	if got := s.Look(1, 0, Signs{Answered: epoch.Add(time.Hour)}, epoch.Add(time.Hour)); got != Ask {
		t.Errorf("an answer from before: %d", got)
	}
	if got := s.Stray(all, epoch.Add(time.Hour)); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("looked at: %v", got)
	}
	if ready, out := s.Has(1); ready || !out {
		t.Errorf("ready %v, out %v", ready, out)
	}
}
