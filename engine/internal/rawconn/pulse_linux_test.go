package rawconn

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/testkit"
)

// busyEnv makes the test below the process it starts.
const busyEnv = "MUSTER_RAWCONN_TEST_BUSY"

// A request that computes does not hold up the others, though none of their
// system calls is one the runtime's monitor sees: the monitor slept on, and the
// others waited for as long as the request took.
//
// The process has one processor. One goroutine waits for a bell, reads its
// connection and computes until another goroutine, which waits for a bell of its
// own, has had its turn. Only the monitor can give it that turn.
func TestPolicy09ARequestThatComputesDoesNotHoldUpOthers(t *testing.T) {
	if os.Getenv(busyEnv) != "" {
		busy()
		os.Exit(0)
	}
	for name, requests := range map[string]string{"first request": "c", "after short ones": "sssc"} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := make([]*os.File, 3), make([]*os.File, 3)
			for i := range ours {
				p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				ours[i], theirs[i] = os.NewFile(uintptr(p[0]), "ours"), os.NewFile(uintptr(p[1]), "theirs")
				defer ours[i].Close()
			}
			bell, conn, otherBell := ours[0], ours[1], ours[2]
			cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.Split(t.Name(), "/")[0]+"$")
			cmd.Env = append(os.Environ(), busyEnv+"=1", "GOMAXPROCS=1", "GOGC=off")
			cmd.ExtraFiles = theirs
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}()
			for _, f := range theirs {
				f.Close()
			}
			expect := func(want string) {
				t.Helper()
				b := make([]byte, len(want))
				if _, err := io.ReadFull(conn, b); err != nil || string(b) != want {
					t.Fatalf("%q, %v, want %q; the process says %s", b, err, want, out.Bytes())
				}
			}
			tell := func(f *os.File, text string) {
				t.Helper()
				if _, err := io.WriteString(f, text); err != nil {
					t.Fatal(err)
				}
			}
			// When nothing runs any more, the monitor sleeps too.
			last := -1
			testkit.WithinEvery(50*time.Millisecond, patience, func() bool {
				was := last
				last = switches(t, cmd.Process.Pid)
				return was == last
			})
			for _, request := range strings.Split(requests, "") {
				tell(conn, request)
				tell(bell, "!")
				expect("read ")
			}
			tell(otherBell, "!")
			expect("others had their turn: true")
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// switches is how often the threads of a process have begun to wait.
func switches(t *testing.T, pid int) (n int) {
	t.Helper()
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		text, _ := os.ReadFile(path) // the thread may have ended
		for line := range strings.Lines(string(text)) {
			var k int
			if _, err := fmt.Sscanf(line, "voluntary_ctxt_switches: %d", &k); err == nil {
				n += k
			}
		}
	}
	return n
}

// busy is the process. It computes for as long as the test is patient.
func busy() {
	var turn atomic.Bool
	bell, otherBell := bellOf(3), bellOf(5)
	conn, err := New("unix", 4, Known{})
	if err != nil {
		panic(err)
	}
	go func() {
		otherBell()
		turn.Store(true)
	}()
	request := make([]byte, 1)
	for request[0] != 'c' {
		bell()
		if _, err := conn.Read(request); err != nil {
			panic(err)
		}
		if _, err := conn.Write([]byte("read ")); err != nil {
			panic(err)
		}
	}
	for began := time.Now(); !turn.Load() && time.Since(began) < patience; { // computes
	}
	if _, err := fmt.Fprintf(conn, "others had their turn: %t", turn.Load()); err != nil {
		panic(err)
	}
}

// bellOf waits for a byte, with no system call the monitor sees.
func bellOf(fd int) func() {
	setNonblock(fd)
	raw, err := os.NewFile(uintptr(fd), "bell").SyscallConn()
	if err != nil {
		panic(err)
	}
	return func() {
		b := make([]byte, 1)
		err := raw.Read(func(fd uintptr) bool {
			_, errno := recv(int(fd), b)
			return errno != syscall.EAGAIN
		})
		if err != nil {
			panic(err)
		}
	}
}
