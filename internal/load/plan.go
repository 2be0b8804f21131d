package load

import "time"

// plan says when requests are due. It only counts; the pacer decides which
// client sends them. Not safe for concurrent use.
//
// At a rate, request i is due at a fixed time, whatever happened to those
// before it. A change of the rate begins a new segment; requests that were due
// before it and are not sent stay due.
type plan struct {
	limit   int64 // requests in all; 0 = no limit
	begun   int64
	rate    int       // 0 = always due
	segs    []segment // not empty at a rate; the last goes on
	last    time.Time // when the last request of an ended segment was due
	skipped int64     // were due and will not be sent
}

// segment is a stretch of time with one rate.
type segment struct {
	from  time.Time
	rate  int64
	taken int64
	total int64 // how many requests were due in it; not known yet for the last segment
}

// due is when request i of the segment is due.
func (g *segment) due(i int64) time.Time {
	// In two parts: i seconds in nanoseconds would overflow after a day.
	return g.from.Add(time.Duration(i/g.rate)*time.Second + time.Duration(i%g.rate)*time.Second/time.Duration(g.rate))
}

// dueBy is how many requests of the segment are due at t or before.
func (g *segment) dueBy(t time.Time) int64 {
	d := t.Sub(g.from)
	if d < 0 {
		return 0
	}
	n := int64(d/time.Second)*g.rate + int64(d%time.Second)*g.rate/int64(time.Second) + 1
	for !g.due(n).After(t) { // due rounds down, so one more may be due
		n++
	}
	return n
}

// setRate changes the rate at now; 0 = whenever asked. A higher or lower rate
// goes on from the last request that was due, so that many changes in a row
// neither add requests nor hold them up. With the rate 0 requests that were due
// are given up.
func (p *plan) setRate(now time.Time, rate int) {
	if rate == p.rate {
		return
	}
	if n := len(p.segs); n > 0 {
		g := &p.segs[n-1]
		g.total = max(g.dueBy(now), g.taken)
		if g.total > 0 {
			p.last = g.due(g.total - 1)
		}
	}
	p.rate = rate
	if rate == 0 {
		for _, g := range p.segs {
			p.skipped += g.total - g.taken
		}
		p.segs, p.last = nil, time.Time{}
		return
	}
	from := now
	if !p.last.IsZero() {
		if next := p.last.Add(time.Second / time.Duration(rate)); next.After(now) {
			from = next
		}
	}
	p.segs = append(p.segs, segment{from: from, rate: int64(rate)})
	p.trim()
}

// trim drops the segments that have nothing left to send.
func (p *plan) trim() {
	for len(p.segs) > 1 && p.segs[0].taken >= p.segs[0].total {
		p.segs = p.segs[1:]
	}
}

// exhausted tells that there will be no more requests.
func (p *plan) exhausted() bool { return p.limit > 0 && p.begun >= p.limit }

// next is when the next request is due. The plan must not be exhausted.
func (p *plan) next(now time.Time) time.Time {
	if p.rate == 0 {
		return now
	}
	g := &p.segs[0]
	return g.due(g.taken)
}

// take takes the next request if it is due.
func (p *plan) take(now time.Time) (due time.Time, ok bool) {
	if p.exhausted() {
		return time.Time{}, false
	}
	due = p.next(now)
	if due.After(now) {
		return time.Time{}, false
	}
	p.begun++
	if p.rate > 0 {
		p.segs[0].taken++
		p.trim()
	}
	return due, true
}

// overdue is how many requests are due at now and not taken, or were given up.
func (p *plan) overdue(now time.Time) int64 {
	n := p.skipped
	for i := range p.segs {
		g := &p.segs[i]
		total := g.total
		if i == len(p.segs)-1 {
			total = g.dueBy(now)
		}
		n += max(total-g.taken, 0)
	}
	return n
}
