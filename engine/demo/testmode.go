//go:build !mustertest

package demo

import "net/http"

// testMode: see testmode_mustertest.go.
func testMode() bool { return false }

func seen(*http.Request) {}
