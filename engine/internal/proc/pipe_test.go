package proc

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// writing is the writing side of a pipe: it has as much as is asked of it, up to
// size bytes, and then err.
type writing struct {
	size  int
	err   error
	taken atomic.Int64
}

func (w *writing) Read(p []byte) (int, error) {
	at := int(w.taken.Load())
	n := min(len(p), w.size-at)
	if n == 0 {
		return 0, w.err
	}
	for i := range n {
		p[i] = byteAt(at + i)
	}
	w.taken.Add(int64(n))
	return n, nil
}

func byteAt(i int) byte { return byte(i % 251) }

// wantBytes are the first n bytes of a writing.
func wantBytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byteAt(i)
	}
	return b
}

const endless = 1 << 40

// running starts run; the channel is closed when it has returned.
func running(r *Pipe, src io.Reader) <-chan struct{} {
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(src) }()
	return ended
}

func hasEnded(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

func TestPipeWaitsForItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, src := NewPipe(), &writing{size: endless}
		ended := running(r, src)
		synctest.Wait()
		if n := src.taken.Load(); n != pipeMax || hasEnded(ended) {
			t.Fatalf("%d bytes taken from a worker nobody reads, run has returned: %v", n, hasEnded(ended))
		}
		const some = 1000
		b := make([]byte, some)
		if n, err := io.ReadFull(r, b); err != nil || !bytes.Equal(b, wantBytes(some)) {
			t.Errorf("read %d bytes, %v", n, err)
		}
		synctest.Wait()
		if n := src.taken.Load(); n != pipeMax+some {
			t.Errorf("%d bytes taken after %d were read", n, some)
		}
		r.Close()
		<-ended
	})
}

func TestPipeGivesAllAndThenTheEnd(t *testing.T) {
	const size = 3<<20 + 17
	for name, test := range map[string]struct{ err, want error }{
		"end":      {io.EOF, io.EOF},
		"deadline": {os.ErrDeadlineExceeded, io.EOF},
		"closed":   {&os.PathError{Op: "read", Path: "stdout", Err: os.ErrClosed}, io.EOF},
		"failure":  {syscall.EIO, syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewPipe()
			ended := running(r, &writing{size: size, err: test.err})
			got := make([]byte, size)
			if n, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, wantBytes(size)) {
				t.Errorf("%d bytes of %d, %v", n, size, err)
			}
			for range 2 {
				if n, err := r.Read(got); n != 0 || !errors.Is(err, test.want) {
					t.Errorf("at the end: %d bytes, %v", n, err)
				}
			}
			<-ended
		})
	}
}

func TestPipeTakesInWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = pipeMax + 300<<10
		r, src := NewPipe(), &writing{size: size, err: io.EOF}
		ended := running(r, src)
		synctest.Wait()
		if hasEnded(ended) {
			t.Fatal("it did not wait for a reader: the test tests nothing")
		}
		r.End()
		<-ended // nobody has read
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, wantBytes(size)) {
			t.Errorf("%d bytes of %d, %v", len(got), size, err)
		}
	})
}

func TestPipeOfAGrandchildIsBounded(t *testing.T) {
	r, src := NewPipe(), &writing{size: endless}
	r.End()
	r.Run(src) // returns
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, wantBytes(pipeLeftMax)) {
		t.Errorf("%d bytes, want %d; %v", len(got), pipeLeftMax, err)
	}
}

func TestPipeOfAGrandchildThatIsQuiet(t *testing.T) {
	src, grandchild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	defer grandchild.Close() // it holds the pipe, and writes nothing more
	if _, err := grandchild.WriteString("last words"); err != nil {
		t.Fatal(err)
	}
	r := NewPipe()
	ended := running(r, src)
	first := make([]byte, 4)
	if _, err := io.ReadFull(r, first); err != nil {
		t.Fatal(err)
	}
	r.End()
	if err := src.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	<-ended
	rest, err := io.ReadAll(r)
	if string(first)+string(rest) != "last words" || err != nil {
		t.Errorf("%q %q, %v", first, rest, err)
	}
}

func TestPipeClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewPipe()
		ended := running(r, &writing{size: endless})
		synctest.Wait()
		r.Close()
		r.Close()
		<-ended // it waited for a reader
		b := make([]byte, 8)
		if n, err := r.Read(b); n != 0 || err != io.ErrClosedPipe {
			t.Errorf("after close: %d bytes, %v", n, err)
		}
		r.End()
		if n, err := r.Read(b); n != 0 || err != io.ErrClosedPipe {
			t.Errorf("after close and end: %d bytes, %v", n, err)
		}
	})
}

func TestPipeCloseWakesItsReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewPipe()
		src, worker := io.Pipe()
		ended := running(r, src)
		results := make(chan error, 2)
		for range cap(results) {
			go func() { _, err := r.Read(make([]byte, 8)); results <- err }()
		}
		synctest.Wait()
		r.Close()
		for range cap(results) {
			if err := <-results; err != io.ErrClosedPipe {
				t.Errorf("Read: %v", err)
			}
		}
		// What comes after is dropped, and ends run.
		if _, err := worker.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		<-ended
		if n, err := r.Read(make([]byte, 8)); n != 0 || err != io.ErrClosedPipe {
			t.Errorf("after close: %d bytes, %v", n, err)
		}
	})
}

func TestPipeReadOfNothing(t *testing.T) {
	r := NewPipe()
	if n, err := r.Read(nil); n != 0 || err != nil { // it does not wait
		t.Errorf("%d, %v", n, err)
	}
}

func TestPipeOfManyReaders(t *testing.T) {
	const size = 1 << 20
	r := NewPipe()
	ended := running(r, &writing{size: size, err: io.EOF})
	var sum atomic.Int64
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			n, err := io.Copy(io.Discard, r)
			if err != nil {
				t.Error(err)
			}
			sum.Add(n)
		})
	}
	readers.Wait()
	<-ended
	if sum.Load() != size {
		t.Errorf("%d bytes of %d", sum.Load(), size)
	}
}
