package tui

import (
	"net/netip"
	"strings"
	"time"

	"muster/engine"
	"muster/internal/viewtest"
	"muster/internal/wireword"
	"muster/tui/internal/cell"
)

// client is where the test's connections come from.
func client(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)
}

// took is a histogram of times.
func took(ds ...time.Duration) *engine.Latency {
	var l engine.Latency
	for _, d := range ds {
		viewtest.Record(&l, d)
	}
	return &l
}

const usec = time.Microsecond

// trafficConns are the connections of the mock-up: served, dealt again after a
// death, refused, open, on the way, in the queue, just accepted.
func trafficConns(now time.Time) []engine.TrafficConn {
	at := func(ago, after time.Duration) time.Time { return now.Add(-ago).Add(after) }
	served := func(n uint64, ago time.Duration, worker int, steps ...time.Duration) engine.TrafficConn {
		c := engine.TrafficConn{N: n, From: client(uint16(50316 + n)), Accepted: at(ago, 0), Tells: true}
		for i, d := range steps {
			when := at(ago, d)
			switch i {
			case 0:
				c.Worker, c.Handed = worker, when
			case 1:
				c.Taken = when
			case 2:
				c.Done = when
			}
		}
		return c
	}
	again := served(919, 1500*time.Millisecond, 2, 270*usec, 350*usec, 1660*usec)
	again.Earlier = []engine.TrafficHop{{Worker: 5, Handed: at(1500*time.Millisecond, 30*usec), Ended: at(1500*time.Millisecond, 140*usec), Why: wireword.HopDied}}
	refused := served(920, time.Second, 1, 9*time.Millisecond, 9*time.Millisecond+80*usec, 14*time.Millisecond)
	refused.Earlier = []engine.TrafficHop{{Worker: 2, Handed: at(time.Second, 20*usec), Ended: at(time.Second, 8*time.Millisecond), Why: wireword.HopRefused}}
	waits := served(923, 4100*usec, 0)
	waits.Waited = wireword.WaitedFull
	return []engine.TrafficConn{
		served(918, 2*time.Second, 1, 30*usec, 120*usec, 1140*usec),
		again, refused,
		served(921, 312*time.Millisecond+100*usec, 1, 30*usec, 100*usec),
		served(922, 90*usec, 2, 30*usec),
		waits,
		served(924, 5*usec, 0),
	}
}

// trafficScene is view 3 with those connections, 12 of them a second.
func trafficScene(s *screen) {
	s.view, s.dialog = viewTraffic, nil
	s.snap.Queue = 2
	waiting := 0
	s.snap.Traffic = &engine.Traffic{
		Rate: 12, OneIn: 1, Total: 918, Waiting: &waiting, Conns: trafficConns(s.now),
		Queued: took(20*usec, 20*usec, 20*usec, 4600*usec), Handed: took(80*usec, 80*usec, 140*usec, 310*usec),
		Served: took(1050*usec, 1050*usec, 1920*usec, 312*time.Millisecond),
	}
	for i, open := range []int{2, 1, 3} {
		s.snap.Workers[i].Open = ptr(open)
	}
}

// busyScene is above the rate at which every connection is shown.
func busyScene(s *screen) {
	trafficScene(s)
	t := s.snap.Traffic
	t.Rate, t.OneIn, t.Total = 8240, 412, 2_070_000
	t.Conns = nil
	for i := range 64 {
		at := s.now.Add(time.Duration(i-64) * 50 * time.Millisecond)
		t.Conns = append(t.Conns, engine.TrafficConn{
			N: 2_043_632 + 412*uint64(i), From: client(uint16(40000 + i)), Accepted: at, Tells: true,
			Worker: 1 + i%2, Handed: at.Add(40 * usec), Taken: at.Add(150 * usec), Done: at.Add(460 * usec),
		})
	}
	var lat engine.Latency
	viewtest.RecordN(&lat, 40*usec, 82_400)
	t.Queued = &lat
	for i, open := range []int{41, 43, 3} {
		s.snap.Workers[i].Open = ptr(open)
	}
}

func sharedTrafficScene(s *screen) {
	trafficScene(s)
	s.snap.Policy = engine.SchedNone
	waiting := 3
	s.snap.Traffic = &engine.Traffic{OneIn: 1, Waiting: &waiting, Queued: &engine.Latency{}, Handed: &engine.Latency{}, Served: &engine.Latency{},
		Takes: []engine.TrafficRate{{Worker: 1, Rate: 412}, {Worker: 2, Rate: 389.4}, {Worker: 3, Rate: 0}}}
}

// slowedScene has replayed the connections until the second one was handed
// to the worker that died.
func slowedScene(s *screen) {
	trafficScene(s)
	sm := &slowMotion{}
	sm.begin(s.snap.Traffic.Conns, 0)
	for sm.at.Before(s.now.Add(-1500*time.Millisecond + 100*usec)) {
		sm.move(50*time.Millisecond, nil)
	}
	s.traffic.slow = sm
}

// storyScene tells of connection n.
func storyScene(n uint64) func(*screen) {
	return func(s *screen) {
		trafficScene(s)
		s.traffic.selected = n
		for _, c := range s.snap.Traffic.Conns {
			if c.N == n {
				s.dialog = &connStory{conn: c}
			}
		}
	}
}

// nodeTrafficScene has Node programs, which do not tell when they close a
// connection.
func nodeTrafficScene(s *screen) {
	n := nodeScene(s.w, s.h, engine.SchedRR)
	trafficScene(s)
	conns := s.snap.Traffic
	n.view, n.signs = viewTraffic, s.signs
	n.snap.Traffic = conns
	conns.Served, conns.Conns = &engine.Latency{}, nil
	for _, c := range trafficConns(n.now) {
		c.Tells, c.Done = false, time.Time{}
		conns.Conns = append(conns.Conns, c)
	}
	*s = *n
}

// trafficPictures are the frames of view 3.
func trafficPictures(with func(name string, w, h int, change func(*screen))) {
	sizes := []struct {
		name string
		w, h int
	}{{"60x16", 60, 16}, {"80x24", 80, 24}, {"120x40", 120, 40}, {"200x60", 200, 60}}
	scenes := []struct {
		name   string
		change func(*screen)
	}{
		{"traffic-quiet", func(s *screen) {
			trafficScene(s)
			s.snap.Traffic.Conns, s.snap.Traffic.Rate, s.snap.Queue = nil, 0, 0
			s.snap.Traffic.Queued, s.snap.Traffic.Handed, s.snap.Traffic.Served = nil, nil, nil
		}},
		{"traffic", trafficScene},
		{"traffic-busy", busyScene},
		{"traffic-shared", sharedTrafficScene},
		{"traffic-slowed", slowedScene},
		{"traffic-again", storyScene(919)},
		{"traffic-node", nodeTrafficScene},
	}
	for _, size := range sizes {
		for _, sc := range scenes {
			with(sc.name+"-"+size.name, size.w, size.h, sc.change)
		}
	}
	for _, n := range []struct {
		name string
		n    uint64
	}{{"refused", 920}, {"open", 921}, {"way", 922}, {"queued", 923}} {
		with("traffic-"+n.name+"-80x24", 80, 24, storyScene(n.n))
	}
	with("traffic-ascii-80x24", 80, 24, func(s *screen) {
		s.signs = cell.NewSigns(true)
		trafficScene(s)
	})
	with("traffic-ascii-60x16", 60, 16, func(s *screen) {
		s.signs = cell.NewSigns(true)
		trafficScene(s)
	})
	with("traffic-empty-80x24", 80, 24, func(s *screen) {
		emptyScene(s)
		unwatchedScene(s)
	})
	with("traffic-many-80x24", 80, 24, func(s *screen) {
		manyScene(s, 64)
		trafficScene(s)
	})
	with("traffic-unix-80x24", 80, 24, func(s *screen) {
		unwatchedScene(s)
		s.snap.Addresses = []engine.Address{{Network: "unix", Host: "/run/\x1b[2J\u202e" + strings.Repeat("long", 30)}}
		s.snap.PolicyFixed = "a unix socket keeps the policy it started with"
	})
	with("traffic-frozen-80x24", 80, 24, func(s *screen) {
		slowedScene(s)
		s.frozen, s.missedIn = s.now, 48
		s.now = s.now.Add(12 * time.Second)
	})
	with("traffic-question-60x16", 60, 16, func(s *screen) {
		trafficScene(s)
		s.dialog = &question{title: "stop the cluster and leave?", yes: "let them finish, 5 s at most", no: "stay", act: actQuit}
	})
	with("traffic-load-80x24", 80, 24, func(s *screen) {
		trafficScene(s)
		loadScene(s)
	})
}

// unwatchedScene is view 3 before the cluster has begun to watch.
func unwatchedScene(s *screen) { s.view, s.dialog, s.snap.Traffic = viewTraffic, nil, nil }
