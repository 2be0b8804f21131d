//go:build unix

package load

import (
	"errors"
	"syscall"
	"testing"
)

// Without a descriptor no request is sent: none counts, and the run says why
// it cannot go on.
func TestNoDescriptorIsNotTheServersFault(t *testing.T) {
	s := answering(t)
	r := startRun(t, t.Context(), Options{Addr: s.addr(), Rate: 20, Idle: 1})
	eventually(t, "an answer", func() bool { return r.Stats().OK > 0 })
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = 3
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	<-r.Done()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	res, err := r.Wait()
	checkSum(t, res)
	if !errors.Is(err, syscall.EMFILE) || res.OK == 0 || res.Failed() > 0 {
		t.Errorf("%v, %v", res, err)
	}
}
