//go:build !linux || mips || mipsle || mips64 || mips64le

package deathsignal

import "os"

var further []os.Signal
