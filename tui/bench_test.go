package tui

import (
	"fmt"
	"testing"
	"time"

	"muster/engine"
	"muster/internal/viewtest"

	"github.com/muesli/termenv"
)

// BenchmarkFrame120x40 draws frames whose every figure changes, under a time
// that moves on by a tick.
func BenchmarkFrame120x40(b *testing.B) {
	for _, n := range []int{16, 256} {
		b.Run(fmt.Sprintf("workers=%d", n), func(b *testing.B) {
			s := scene(120, 40)
			s.theme = theme(termenv.TrueColor)
			manyScene(s, n)
			snaps := busySnapshots(s.snap, 20)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				snap := *snaps[i%len(snaps)]
				snap.Tick = uint64(100 + i)
				s.snap, s.now = &snap, s.now.Add(time.Second)
				s.hist.Add(s.snap)
				b.StartTimer()
				render(s)
			}
		})
	}
}

// BenchmarkFrameUnchanged is what a key costs between two ticks.
func BenchmarkFrameUnchanged(b *testing.B) {
	s := scene(120, 40)
	s.theme = theme(termenv.TrueColor)
	manyScene(s, 16)
	b.ReportAllocs()
	for b.Loop() {
		render(s)
	}
}

// BenchmarkHistoryAdd is what a tick costs beside its frame.
func BenchmarkHistoryAdd(b *testing.B) {
	s := scene(120, 40)
	manyScene(s, 256)
	snaps := busySnapshots(s.snap, 20)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		snap := *snaps[i%len(snaps)]
		snap.Tick = uint64(100 + i)
		s.hist.Add(&snap)
	}
}

// busySnapshots are n pictures with other figures for every worker.
func busySnapshots(from *engine.Snapshot, n int) []*engine.Snapshot {
	out := make([]*engine.Snapshot, n)
	for i := range out {
		snap := *from
		snap.Workers = make([]engine.Row, len(from.Workers))
		copy(snap.Workers, from.Workers)
		for j := range snap.Workers {
			w := &snap.Workers[j]
			var lat engine.Latency
			for k := range 20 {
				viewtest.Record(&lat, time.Duration(i*j*k)*time.Microsecond)
			}
			w.Dealt, w.Done, w.Latency = uint64(1e6+i*j), ptr(uint64(1e6+i*j)), &lat
			w.Open, w.ReqRate, w.CPU, w.Mem = ptr(i+j), ptr(float64(1000+i*j)), ptr(float64(i*j%100)), ptr(uint64(8e6+i*j*1e4))
		}
		out[i] = &snap
	}
	return out
}
