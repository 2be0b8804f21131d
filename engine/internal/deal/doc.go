// Package deal decides which worker gets which connection, where the primary
// deals.
//
// What may enter: rules, and what they remember. Connections and workers are
// numbers here, and the time comes with every call. Nothing may enter that
// starts a goroutine, takes a lock, reads a clock or knows what a descriptor
// is.
//
// What it promises: the same calls give the same answers. Every connection that
// was offered is in exactly one place, in the queue or with one worker, until it
// is taken, dropped or forgotten. A Dealer belongs to the one goroutine that
// calls it.
package deal
