package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"muster/ipc"
)

// clusterMessage takes in a cluster message of Node that is no answer.
func (l *loop) clusterMessage(w *worker, m *ipc.Message, now time.Time) {
	switch m.Cluster.Act {
	case "online":
		if w.life.state != StateForked {
			l.intake.odd(w, "a second online", now)
		}
		l.step(w, inOnline)
		l.stalls.sendProbe(w, l.now()) // a program that knows the probe answers it before it listens
	case "queryServer":
		l.granter.queried(w, &m.Cluster)
	case "listening":
		if w.flow.account.listens--; w.flow.account.listens < 0 {
			w.flow.account.listens = 0
			l.intake.odd(w, "a listening without a server", now)
		}
		l.listens(w, &m.Cluster)
	case "close":
		known := false
		for s := range w.servers {
			if s.key == m.Cluster.Key {
				known = known || !s.users[w]
				s.dealer.Leave(w.id)
				if i := slices.Index(w.addrs, s.addr); i >= 0 && !s.users[w] {
					w.addrs = slices.Delete(w.addrs, i, i+1)
				}
				l.ledger.released(w, s)
				if !l.supervisor.awaited(s, now) {
					l.ledger.closeUnused(w, s)
				}
			}
		}
		if !known {
			l.intake.odd(w, "a close of no server", now)
		}
	case "exitedAfterDisconnect":
		if w.flow.account.leaves++; w.flow.account.leaves > 2 { // disconnect and kill may both say so
			l.intake.odd(w, "another exitedAfterDisconnect", now)
		}
		l.leaver.announced(w)
		l.send(w, ipc.AckReply{Ack: m.Cluster.Seq, Seq: l.nextSeq()})
	default:
		l.intake.odd(w, "a cluster message of no known act", now)
	}
}

// reported takes in a Go worker's report.
func (l *loop) reported(w *worker, raw []byte, now time.Time) {
	var r report
	if err := json.Unmarshal(raw, &r); err != nil {
		l.faulted(w, fmt.Sprintf("report of worker %d", w.id), err)
		l.intake.odd(w, "a report that is none", now)
		return
	}
	first := w.seen.stats == nil
	w.seen.stats = w.seen.stats.add(r)
	w.opens(w.seen.stats.open())
	if first { // needed when it leaves by itself
		l.leaver.tellKept(w, false)
	}
	if errno := shortErrno(r.Short); errno != 0 {
		l.isShort(w, errno, "a connection")
	}
	l.tracing.ended(w.id, r.Ends, now)
	l.pub.touch()
}

// listens takes in that a server of the worker listens.
func (l *loop) listens(w *worker, m *ipc.ClusterMsg) {
	if m.Query == nil || w.life.state == StateDisconnecting {
		return
	}
	now := l.now()
	if w.life.leaving { // its process has ended, and had said so before: as in Node it is told
		w.at.listening = now
	}
	d := ListeningDetail{Port: m.Query.Port, AddressType: shortText(m.Query.AddressType), Ms: ms(now.Sub(w.at.forked))}
	if m.Query.Address != nil {
		d.Address = shortText(*m.Query.Address)
	}
	d.DeathMs, d.Of = w.sinceDeath(now)
	w.at.heard = now
	more := w.life.state == StateListening
	l.step(w, inListening)
	l.emitFor(w, Event{Kind: KindListening, By: ByOutside, Detail: d})
	for s := range w.servers {
		if !s.users[w] && !w.life.leaving {
			s.dealer.Add(w.id, now)
			s.dealer.Sits(w.id, w.slot.index)
			l.ledger.seated(s, w)
			l.ledger.deal(s, now)
			l.paths.keepName(s, w)
		}
	}
	if more { // a further server; step takes in the first
		l.supervisor.compare(w)
	}
}
