package sock

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"muster/internal/testkit"
)

func mustRemove(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
}

// putsBack checks what PutBack says.
func putsBack(t *testing.T, n *Name, lost bool, want error) {
	t.Helper()
	if was, err := n.PutBack(); was != lost || !errors.Is(err, want) {
		t.Fatalf("PutBack: lost %v, %v; want %v, %v", was, err, lost, want)
	}
}

func TestUnixPathThatWasRemovedIsPutBack(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	a := unixAddr(filepath.Join(t.TempDir(), "s"))
	p := mustOpen(t, a, Options{ReadableAll: true, WritableAll: true})
	before, err := os.Lstat(a.Host)
	if err != nil {
		t.Fatal(err)
	}
	putsBack(t, p.name, false, nil)
	for range 2 {
		mustRemove(t, a.Host)
		putsBack(t, p.name, true, nil)
	}
	if now, err := os.Lstat(a.Host); err != nil || !os.SameFile(now, before) || now.Mode() != before.Mode() {
		t.Errorf("%v, %v, was %v", now, err, before)
	}
	dial(t, a)
	if b := p.Drain(Front, 10); len(b) != 1 {
		t.Errorf("%d connections", len(b))
	} else {
		closeAccepted(b)
	}

	// The second name is looked after too; without either there is no way back.
	mustRemove(t, spareName(a.Host))
	putsBack(t, p.name, false, nil)
	mustRemove(t, a.Host)
	putsBack(t, p.name, true, nil)
	mustRemove(t, a.Host, spareName(a.Host))
	putsBack(t, p.name, true, errNoSpare)
}

// What has taken the path stays, whatever it is; when it has gone the socket is
// put back. The same for the second name.
func TestUnixPathThatWasTakenStays(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	dir := t.TempDir()
	a := unixAddr(filepath.Join(dir, "s"))
	p := mustOpen(t, a, Options{})
	mustRemove(t, a.Host)
	other := mustOpen(t, unixAddr(filepath.Join(dir, "other")), Options{})
	if err := os.Link(other.addr.Host, a.Host); err != nil {
		t.Fatal(err)
	}
	putsBack(t, p.name, true, ErrNameTaken)
	if now, err := os.Lstat(a.Host); err != nil || !os.SameFile(now, other.name.file) {
		t.Errorf("the path is %v, %v", now, err)
	}
	mustRemove(t, a.Host)
	putsBack(t, p.name, true, nil)

	mustRemove(t, spareName(a.Host))
	if err := os.Link(other.addr.Host, spareName(a.Host)); err != nil {
		t.Fatal(err)
	}
	putsBack(t, p.name, false, nil)
	mustRemove(t, a.Host)
	putsBack(t, p.name, true, errNoSpare)
	mustClose(t, p)
	if now, err := os.Lstat(spareName(a.Host)); err != nil || !os.SameFile(now, other.name.file) {
		t.Errorf("a file of another at the second name was removed: %v", err)
	}
}

// A kill leaves both names; the next start clears them, and its own end leaves
// nothing.
func TestUnixNamesOfADeadRunAreCleared(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	dir := t.TempDir()
	a := unixAddr(filepath.Join(dir, "s"))
	for _, left := range []func(){
		func() {},
		func() { mustRemove(t, a.Host) },
		func() { mustRemove(t, spareName(a.Host)) },
	} {
		dead := mustOpen(t, a, Options{})
		dead.name = nil // a process that is killed removes nothing
		mustClose(t, dead)
		left()
		p := mustOpen(t, a, Options{})
		mustRemove(t, a.Host)
		putsBack(t, p.name, true, nil)
		dial(t, a)
		mustClose(t, p)
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("left: %v, %v", left, err)
		}
	}
}

// A second name that is somebody's is left alone, and one that cannot be is no
// reason not to serve.
func TestUnixPathWithoutASecondName(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	dir := t.TempDir()
	a := unixAddr(filepath.Join(dir, "s"))
	if err := os.WriteFile(spareName(a.Host), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := mustOpen(t, a, Options{})
	dial(t, a)
	mustRemove(t, a.Host)
	putsBack(t, p.name, true, errNoSpare)
	mustClose(t, p)
	if b, err := os.ReadFile(spareName(a.Host)); err != nil || string(b) != "mine" {
		t.Errorf("the file: %q, %v", b, err)
	}

	long := "s"
	for len(dir)+1+len(long) < MaxUnixPath {
		long += "s"
	}
	p = mustOpen(t, unixAddr(filepath.Join(dir, long)), Options{})
	if p.name.spare != "" {
		t.Errorf("a second name of %d bytes", len(p.name.spare))
	}
	dial(t, p.addr)
}

// The worker beside removes the path just when it is being made.
func TestUnixPathIsRemovedWhileItIsMade(t *testing.T) {
	testkit.NoSocketLeft(t, patience)
	dir := t.TempDir()
	a := unixAddr(filepath.Join(dir, "s"))
	var removed atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				if os.Remove(a.Host) == nil {
					removed.Add(1)
				}
			}
		}
	}()
	for removed.Load() < 200 && !t.Failed() {
		p := mustOpen(t, a, Options{ReadableAll: true})
		if p.name.spare == "" {
			t.Error("it has no second name")
		}
		mustClose(t, p)
	}
	close(stop)
	<-done
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
