//go:build linux || darwin || freebsd

package tui

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"muster/tui/internal/cell"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
)

func TestCharset(t *testing.T) {
	utf8, signs, all := cell.Charset{}, cell.Charset{Signs: true}, cell.Charset{Signs: true, Text: true}
	tests := []struct {
		name string
		env  string // separated by spaces
		o    Options
		want cell.Charset
	}{
		{"nothing is set", "", Options{}, utf8},
		{"all are empty", "LC_ALL= LC_CTYPE= LANG=", Options{}, utf8},
		{"C", "LC_ALL=C", Options{}, all},
		{"POSIX", "LANG=POSIX", Options{}, all},
		{"C with a modifier", "LANG=C@x", Options{}, all},
		{"C of UTF-8", "LC_ALL=C.UTF-8", Options{}, utf8},
		{"as glibc writes it", "LANG=C.utf8", Options{}, utf8},
		{"a language of UTF-8", "LANG=de_DE.UTF-8@euro", Options{}, utf8},
		{"eight bits", "LANG=de_DE.ISO-8859-15@euro", Options{}, all},
		{"another charset", "LANG=zh_CN.GB18030", Options{}, all},
		{"no charset", "LANG=en_US", Options{}, utf8},
		{"no charset but a modifier", "LANG=de_DE@euro", Options{}, utf8},
		{"macOS", "LC_CTYPE=UTF-8", Options{}, utf8},
		{"LC_ALL is first", "LC_ALL=C LC_CTYPE=C.UTF-8 LANG=C.UTF-8", Options{}, all},
		{"then LC_CTYPE", "LC_ALL= LC_CTYPE=C.UTF-8 LANG=C", Options{}, utf8},
		{"then LANG", "LC_MESSAGES=C LANG=C.UTF-8", Options{}, utf8},
		{"the console", "TERM=linux LANG=C.UTF-8", Options{}, signs},
		{"the console, 16 colours", "TERM=linux-16color", Options{}, signs},
		{"the console in C", "TERM=linux LANG=C", Options{}, all},
		{"xterm", "TERM=xterm-256color", Options{}, utf8},
		{"--ascii", "LANG=C.UTF-8", Options{ASCII: true}, signs},
		{"--ascii in C", "LANG=C", Options{ASCII: true}, all},
		{"--ascii=false in C", "LANG=C", Options{UTF8: true}, utf8},
		{"--ascii=false on the console", "TERM=linux", Options{UTF8: true}, utf8},
		{"both", "LANG=C.UTF-8", Options{ASCII: true, UTF8: true}, signs},
	}
	for _, tt := range tests {
		env := map[string]string{}
		for kv := range strings.FieldsSeq(tt.env) {
			k, v, _ := strings.Cut(kv, "=")
			env[k] = v
		}
		if got := tt.o.charset(func(k string) string { return env[k] }); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Text of workers that is not ASCII broke the layout of a terminal of eight
// bits: each of its bytes is a character there.
func TestOnlyASCIIReachesATerminalOfASCII(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range fewer(300) {
		s := randomScreen(r)
		s.signs, s.ascii = cell.NewSigns(true), true
		for y, l := range render(s).lines {
			if i := strings.IndexFunc(l, func(r rune) bool { return r > '~' || r < ' ' && r != '\x1b' }); i >= 0 {
				t.Fatalf("line %d has %q", y, l[i:])
			}
			if n := ansi.StringWidth(l); n != s.w {
				t.Fatalf("line %d has %d cells, want %d: %q", y, n, s.w, l)
			}
		}
	}
}

func TestLocaleWithoutUTF8GetsASCII(t *testing.T) {
	r := startPTY(t, "-", "LC_ALL=C")
	emu := vt.NewEmulator(80, 24)
	fed := 0
	if !poll(5*time.Second, func() bool {
		out := r.output()
		_, _ = emu.Write([]byte(out[fed:]))
		fed = len(out)
		return strings.Contains(emu.String(), "* listening") && strings.Contains(emu.String(), "? all keys")
	}) {
		t.Errorf("the frame:\n%s", emu.String())
	}
	if i := strings.IndexFunc(r.output(), func(r rune) bool { return r > '~' }); i >= 0 {
		t.Errorf("not ASCII: %q", r.output()[i:])
	}
	r.keys("q")
	if code := r.wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	r.restored()
}
