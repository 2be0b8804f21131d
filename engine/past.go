package engine

import "slices"

// past is what has happened to a worker, for late listeners: each event once,
// except 'listening', which is kept for the last pastMax addresses. Only the
// dispatcher's goroutine touches it.
type past struct{ all []Detail }

// pastMax bounds the addresses of a worker that late listeners are told.
const pastMax = addressesMax

func (p *past) add(d Detail) {
	if d, ok := d.(ListeningDetail); ok {
		n, oldest := 0, -1
		for i, have := range p.all {
			h, ok := have.(ListeningDetail)
			if !ok {
				continue
			}
			if h.Address == d.Address && h.Port == d.Port && h.AddressType == d.AddressType {
				p.all[i] = d
				return
			}
			if n++; oldest < 0 {
				oldest = i
			}
		}
		if n >= pastMax {
			p.all = slices.Delete(p.all, oldest, oldest+1)
		}
	}
	p.all = append(p.all, d)
}

// pastOf calls f with what has happened to w already.
func pastOf[D Detail](w *Worker, f func(D)) {
	for _, d := range w.listeners.past.all {
		if d, ok := d.(D); ok {
			f(d)
		}
	}
}
