package engine

import (
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/engine/internal/proc"
)

// A worker that listens and is told to leave lives through every event once, and
// nobody takes its place.
func TestALifeWithoutAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		playOn(t, Options{Workers: 1, Grace: 5 * time.Second}, func(c *Cluster, s *world) {
			p := s.next()
			p.listens()
			synctest.Wait()
			w := c.Worker(1)
			if w == nil || w.State() != StateListening {
				t.Fatalf("events %v", kindsOf(c, 1))
			}
			w.Disconnect()
			<-time.After(time.Second)
			p.exits(proc.Exit{Code: new(int)})
			<-w.Done()
			synctest.Wait()
			want := []Kind{KindFork, KindOnline, KindListening, KindLeave, KindDisconnect, KindExit}
			if got := kindsOf(c, 1); !slices.Equal(got, want) {
				t.Errorf("events %v, want %v", got, want)
			}
			<-time.After(time.Minute)
			if n := len(s.started); n != 0 {
				t.Errorf("%d workers were started in its place", n)
			}
		})
	})
}

// One that had listened for a second is replaced in the moment it dies.
func TestADeathWithoutAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		playOn(t, Options{Workers: 1}, func(c *Cluster, s *world) {
			p := s.next()
			p.listens()
			<-time.After(2 * time.Second)
			died := time.Now()
			code := 1
			p.exits(proc.Exit{Code: &code})
			if next := s.next(); !next.at.Equal(died) || next.id != 2 {
				t.Errorf("worker %d was started %v after the death", next.id, next.at.Sub(died))
			}
		})
	})
}

// One that dies as it comes up is tried again later and later, and then no more.
func TestACrashLoopWithoutAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		playOn(t, Options{Workers: 1}, func(c *Cluster, s *world) {
			var waits []time.Duration
			died := time.Now()
			for range deathsMax {
				p := s.next()
				waits = append(waits, p.at.Sub(died))
				died = time.Now()
				code := 1
				p.exits(proc.Exit{Code: &code})
			}
			want := []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond}
			if !slices.Equal(waits, want) {
				t.Errorf("started after %v, want %v", waits, want)
			}
			<-time.After(time.Hour)
			if got := kindsOf(c, deathsMax); len(s.started) != 0 || got[len(got)-1] != KindStopped {
				t.Errorf("%d more started; events of the last %v", len(s.started), got)
			}
		})
	})
}

// One that is told to leave and does not has Grace, then SIGTERM, and KillTimeout
// later SIGKILL.
func TestAGraceWithoutAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		playOn(t, Options{Workers: 1, Grace: 5 * time.Second, KillTimeout: 3 * time.Second}, func(c *Cluster, s *world) {
			p := s.next()
			p.deaf = true
			p.listens()
			<-time.After(2 * time.Second)
			told := time.Now()
			c.Worker(1).Disconnect()
			<-c.Worker(1).Done()
			got := map[syscall.Signal]time.Duration{}
			for _, s := range p.got() {
				if _, ok := got[s.sig]; !ok {
					got[s.sig] = s.at.Sub(told)
				}
			}
			if got[syscall.SIGTERM] != 5*time.Second || got[syscall.SIGKILL] != 8*time.Second {
				t.Errorf("signals after %v", got)
			}
		})
	})
}
