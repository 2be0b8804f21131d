//go:build !linux

package engine

// guarding: there is no guard here.
func (l *loop) guarding() (end func()) { return func() {} }
