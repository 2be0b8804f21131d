package proc

import "time"

// Meter measures what processes use. It belongs to one goroutine at a time. The zero
// value is ready.
type Meter struct{ last map[int]reading }

// reading is what a process had used at a time.
type reading struct {
	cpu time.Duration // of all its threads, since its start
	mem uint64        // bytes that are resident
	at  time.Time
}

// Look measures one process, which must not have been reaped: no other can have its
// number. cpu is how much it has used since the last look, in percent of one
// processor, nil if this is the first; mem is the memory that is resident, in bytes.
// Both are nil if the process has ended.
func (m *Meter) Look(pid int) (cpu *float64, mem *uint64) {
	now, err := read(pid)
	if err != nil {
		delete(m.last, pid)
		return nil, nil
	}
	if was, ok := m.last[pid]; ok && now.at.After(was.at) {
		cpu = new(100 * (now.cpu - was.cpu).Seconds() / now.at.Sub(was.at).Seconds())
	}
	if m.last == nil {
		m.last = make(map[int]reading)
	}
	m.last[pid] = now
	return cpu, &now.mem
}

// Keep forgets all other processes.
func (m *Meter) Keep(alive map[int]bool) {
	for pid := range m.last {
		if !alive[pid] {
			delete(m.last, pid)
		}
	}
}
