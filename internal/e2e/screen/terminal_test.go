//go:build linux

package screen

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"muster/internal/e2e/kit"
	"muster/internal/testkit"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// shellText is what stands on the terminal before muster starts.
const shellText = "user@host:~$ muster"

// whole is what the last line of a complete main screen ends with, and
// wholeNarrow that where there is less room.
const (
	whole       = "? all keys"
	wholeNarrow = "? keys"
)

// terminal is a muster on a pseudo-terminal. The terminal draws on an emulator
// and answers no question.
type terminal struct {
	t       *testing.T
	w, h    int
	cmd     *exec.Cmd
	pid     int
	started time.Time
	exited  chan struct{} // closed when the process has been waited for

	master, tty *os.File
	before      *unix.Termios
	readers     sync.WaitGroup

	mu  sync.Mutex
	raw []byte

	// The emulator and what is below it, of screen: it draws what was written when
	// somebody looks, so that what is read is never read late.
	emuMu   sync.Mutex
	drawn   int      // so much of raw is on it
	shown   []string // its lines, nil = not known
	emu     *vt.Emulator
	modes   map[ansi.Mode]bool // every mode that was ever changed
	title   string             // titles and icon names that were set
	replies []byte             // what a terminal would have answered
}

// open starts muster on a terminal of w by h cells. The test's end ends it.
func open(t *testing.T, w, h int, env []string, args ...string) *terminal {
	t.Helper()
	return openCommand(t, w, h, env, muster, args...)
}

func openCommand(t *testing.T, w, h int, env []string, name string, args ...string) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{
		t: t, w: w, h: h, tty: tty, exited: make(chan struct{}),
		emu: vt.NewEmulator(w, h), modes: map[ansi.Mode]bool{},
	}
	s.master = pollable(t, master)
	if err := pty.Setsize(s.master, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		t.Fatal(err)
	}
	s.emu.SetCallbacks(vt.Callbacks{
		Title:       func(v string) { s.title += v },
		IconName:    func(v string) { s.title += v },
		EnableMode:  func(m ansi.Mode) { s.modes[m] = true },
		DisableMode: func(m ansi.Mode) { s.modes[m] = false },
	})
	s.readers.Go(s.read)
	s.readers.Go(s.hearReplies)
	if _, err := io.WriteString(tty, shellText+"\n"); err != nil {
		t.Fatal(err)
	}
	if s.before, err = unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	s.cmd = exec.Command(name, args...)
	s.cmd.Env = environment(env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	s.started = time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = s.cmd.Process.Pid
	go func() { // ends with the process, which the cleanup ends
		_ = s.cmd.Wait() // the code is read from ProcessState
		close(s.exited)
	}()
	t.Cleanup(s.cleanup)
	return s
}

func (s *terminal) cleanup() {
	_ = s.cmd.Process.Kill() // fails if it has ended, as it should have
	<-s.exited
	s.vanish()
	_, unlock := s.screen()
	unlock()
	if c, ok := s.emu.InputPipe().(io.Closer); ok {
		c.Close()
	}
	s.readers.Wait()
	kit.NoneLeft(s.t, s.pid, kit.Promised)
	sane(s.t, string(s.raw))
	if s.t.Failed() {
		s.t.Logf("the screen at the end:\n%s\nthe last bytes: %q", s.text(), s.raw[max(len(s.raw)-4000, 0):])
	}
}

// pollable is f as a file whose Close ends a Read. Package pty takes the
// descriptor out of its files, which makes them blocking.
func pollable(t *testing.T, f *os.File) *os.File {
	t.Helper()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	f.Close()
	return os.NewFile(uintptr(fd), f.Name())
}

// read takes what muster writes. It never waits for the emulator: a terminal
// that is slow to take bytes is another one than a terminal, and may get no last
// word.
func (s *terminal) read() {
	buf := make([]byte, 64<<10)
	for {
		n, err := s.master.Read(buf)
		s.mu.Lock()
		s.raw = append(s.raw, buf[:n]...)
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// screen puts on the emulator what was written, and returns it locked, with what
// unlocks it.
func (s *terminal) screen() (emu *vt.Emulator, unlock func()) {
	s.emuMu.Lock()
	s.mu.Lock()
	fresh := s.raw[s.drawn:]
	s.mu.Unlock()
	if len(fresh) > 0 {
		_, _ = s.emu.Write(fresh) // fails only when closed
		s.drawn += len(fresh)
		s.shown = nil
	}
	return s.emu, s.emuMu.Unlock
}

// skip keeps from the emulator what was written since somebody looked. What comes
// next may begin in the midst of a frame: redraw it.
func (s *terminal) skip() {
	s.emuMu.Lock()
	defer s.emuMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = len(s.raw)
}

// hearReplies takes the answers of the emulator, which would otherwise wait
// for a reader. They do not reach muster.
func (s *terminal) hearReplies() {
	buf := make([]byte, 4<<10)
	for {
		n, err := s.emu.Read(buf)
		if err != nil {
			return
		}
		s.replies = append(s.replies, buf[:n]...) // read after readers.Wait
	}
}

// vanish takes the terminal away, as closing its window does.
func (s *terminal) vanish() {
	s.tty.Close()
	s.master.Close()
}

func (s *terminal) press(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatalf("pressing %q: %v", keys, err)
	}
}

func (s *terminal) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("sending %v: %v", sig, err)
	}
}

// code waits for the end of the process and returns its exit code: minus the
// signal that ended it, if one did.
func (s *terminal) code() int {
	s.t.Helper()
	select {
	case <-s.exited:
	case <-time.After(kit.Patience):
		s.t.Fatal("muster does not end")
	}
	if st, ok := s.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return -int(st.Signal())
	}
	return s.cmd.ProcessState.ExitCode()
}

// written is everything the terminal got so far.
func (s *terminal) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.raw)
}

// lines are the cells of the screen, line by line. A line is as wide as its
// cells: narrower than the screen only if the emulator lost one. A test looks
// far more often than something is written.
func (s *terminal) lines() []string {
	emu, unlock := s.screen()
	defer unlock()
	if s.shown == nil {
		s.shown = make([]string, emu.Height())
		for y := range s.shown {
			var b strings.Builder
			for x := range emu.Width() {
				if c := emu.CellAt(x, y); c != nil {
					b.WriteString(c.Content) // nothing in the second cell of a wide character
				}
			}
			s.shown[y] = b.String()
		}
	}
	return slices.Clone(s.shown)
}

func (s *terminal) text() string { return strings.Join(s.lines(), "\n") }

// resize tells muster of another size. The emulator keeps its own: what it shows
// is right when its size is told last.
func (s *terminal) resize(w, h int) {
	s.t.Helper()
	if err := pty.Setsize(s.tty, &pty.Winsize{Rows: uint16(h), Cols: uint16(w)}); err != nil {
		s.t.Fatal(err)
	}
}

// redraw has the whole screen drawn again and returns the lines that were sent
// for it.
func (s *terminal) redraw() []string {
	s.t.Helper()
	clears := strings.Count(s.written(), ansi.EraseEntireScreen)
	s.press("\x0c") // ctrl+l
	var frame []string
	if !testkit.Within(kit.Patience, func() bool {
		raw := s.written()
		frame = lastFrame(raw, s.h)
		return strings.Count(raw, ansi.EraseEntireScreen) > clears && frame != nil
	}) {
		s.t.Fatal("ctrl+l does not redraw")
	}
	return frame
}

// see waits until a text is on the screen.
func (s *terminal) see(text string) {
	s.t.Helper()
	if !testkit.Within(kit.Patience, func() bool { return strings.Contains(s.text(), text) }) {
		s.t.Fatalf("never saw %q", text)
	}
}

// up waits for the main screen with all its workers, and returns the address
// they listen on.
func (s *terminal) up(workers int) string {
	s.t.Helper()
	s.see(fmt.Sprintf("%d of %d listening", workers, workers))
	s.see(whole)
	addr := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(s.lines()[0])
	if addr == "" {
		s.t.Fatal("no address in the head")
	}
	return addr
}

// isOurs checks that the dashboard has the terminal: without that a check that
// it was given back would prove nothing.
func (s *terminal) isOurs() error {
	now, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	emu, unlock := s.screen()
	defer unlock()
	switch {
	case *now == *s.before:
		return errors.New("the terminal is not raw")
	case !emu.IsAltScreen(), !emu.CursorHidden():
		return errors.New("no other screen, or its cursor is seen")
	case !s.modes[ansi.ModeMouseButtonEvent], !s.modes[ansi.ModeMouseExtSgr]:
		return errors.New("no mouse")
	case !s.modes[ansi.ModeBracketedPaste]:
		return errors.New("no bracketed paste")
	}
	return nil
}

// modesBack checks that the terminal's modes are as before muster.
func (s *terminal) modesBack() {
	s.t.Helper()
	now, err := unix.IoctlGetTermios(int(s.tty.Fd()), unix.TCGETS)
	if err != nil {
		s.t.Fatal(err)
	}
	if *now != *s.before {
		s.t.Errorf("termios before %+v, after %+v", *s.before, *now)
	}
}

// givenBack checks that the terminal is as it was before muster.
func (s *terminal) givenBack() {
	s.t.Helper()
	s.modesBack()
	// The process has ended; what it wrote may still be on its way to draw.
	mark := fmt.Sprintf("mark %d", s.pid)
	if _, err := io.WriteString(s.tty, mark+"\n"); err != nil {
		s.t.Fatal(err)
	}
	s.see(mark)
	if n := strings.Count(s.written(), ansi.ResetModeAltScreenSaveCursor); n != 1 {
		s.t.Errorf("the other screen was left %d times", n)
	}
	emu, unlock := s.screen()
	alt, hidden, modes := emu.IsAltScreen(), emu.CursorHidden(), maps.Clone(s.modes)
	unlock()
	if alt {
		s.t.Error("the other screen is still on")
	}
	if hidden {
		s.t.Error("the cursor is hidden")
	}
	for mode, on := range modes {
		standard := mode == ansi.ModeTextCursorEnable || mode == ansi.ModeAutoWrap
		if on != standard {
			s.t.Errorf("mode %v is left %t", mode, on)
		}
	}
	if top := s.top(); !strings.HasPrefix(top, shellText) {
		s.t.Errorf("where %q stood before, there is %q", shellText, top)
	}
}

// top is the first line the terminal ever had, on the screen or scrolled away.
func (s *terminal) top() string {
	emu, unlock := s.screen()
	defer unlock()
	at := emu.CellAt
	if emu.ScrollbackLen() > 0 {
		at = emu.ScrollbackCellAt
	}
	var b strings.Builder
	for x := range s.w {
		if c := at(x, 0); c != nil {
			b.WriteString(c.Content)
		}
	}
	return b.String()
}
