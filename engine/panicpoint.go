//go:build !mustertest

package engine

func testPanicPoint(*loop) {}
