package loadcmd

import (
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"muster/internal/load"
)

// Whatever the arguments say, they are refused or they are one request that is
// what it seems.
func FuzzLoadTarget(f *testing.F) {
	for _, s := range [][2]string{{"http://a:1/b?c#d", "/x"}, {"unix:/s", "/a b"}, {"3000", "//x"}, {"https://[::1]:1", "/%zz"}, {":1/\r\n", "/\r\nA: b"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, target, path string) {
		var s settings
		s.flags()
		s.pathFlag = &path
		if s.check([]string{target}) != nil {
			return
		}
		if strings.ContainsFunc(s.path, func(r rune) bool { return r <= ' ' || r == 0x7f }) || !strings.HasPrefix(s.path, "/") {
			t.Fatalf("%q %q: the path is %q", target, path, s.path)
		}
		if !strings.HasPrefix(s.addr, "unix:") && strings.ContainsAny(s.addr, "\r\n\x00 ") {
			t.Fatalf("%q: the address is %q", target, s.addr)
		}
	})
}

// parsed is what muster load would send for these arguments, or why it is
// wrong usage.
func parsed(args ...string) (*settings, error) {
	var s settings
	flags := s.flags()
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return &s, s.check(flags.Args())
}

func TestLoadRequestFlags(t *testing.T) {
	dir := t.TempDir()
	file := dir + "/body"
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := parsed("--method", "put", "--header", "A: 1", "--header", "A: 2", "--body", "@"+file, "--path", "/a b?c", "--expect", "2xx,302", "unix:/s")
	if err != nil {
		t.Fatal(err)
	}
	o := s.options()
	if o.Method != "PUT" || !reflect.DeepEqual(o.Header, []load.Field{{Name: "A", Value: "1"}, {Name: "A", Value: "2"}}) ||
		string(o.Body) != "from a file\n" || o.Path != "/a%20b?c" || !o.Statuses.Has(302) || o.Statuses.Has(404) || o.Addr != "unix:/s" || o.TLS != nil {
		t.Errorf("%+v", o)
	}
	if s, err = parsed("--insecure", "https://localhost/"); err != nil || s.options().TLS == nil || !s.options().TLS.InsecureSkipVerify {
		t.Errorf("--insecure: %v", err)
	}
	if s, err = parsed("https://localhost/"); err != nil || s.options().TLS == nil || s.options().TLS.InsecureSkipVerify {
		t.Errorf("https verifies nothing: %v", err)
	}
	huge := dir + "/huge"
	if err := os.WriteFile(huge, nil, 0o600); err != nil || os.Truncate(huge, load.MaxBody+1) != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		why  string
	}{
		{[]string{"--method", ""}, "one word"},
		{[]string{"--header", "A"}, "no colon"},
		{[]string{"--header", "A: b\r\nC: d"}, "control character"},
		{[]string{"--header", "Content-Length: 3"}, "counted from the body"},
		{[]string{"--expect", "ok"}, "no status"},
		{[]string{"--body", "@" + dir + "/none"}, "no such file"},
		{[]string{"--body", "@" + dir}, "is a directory"},
		{[]string{"--body", "@" + dir + "/fifo"}, "not a regular file"},
		{[]string{"--body", "@/dev/zero"}, "not a regular file"},
		{[]string{"--body", "@" + huge}, "more than 16777216 bytes"},
		{[]string{"--path", "x"}, "must start with /"},
		{[]string{"--path", ""}, "must start with /"},
		{[]string{"--path", "/%zz"}, "invalid URL escape"},
		{[]string{"--path", "/x", ":80/y"}, "a path already"},
		{[]string{"--insecure"}, "for https:// only"},
		{[]string{"--cacert", file, "https://localhost/"}, "no certificate in it"},
		{[]string{"--cacert", file, "--insecure", "https://localhost/"}, "out"},
	} {
		if _, err := parsed(tt.args...); err == nil || !strings.Contains(err.Error(), tt.why) || strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("%q: %v, want %q in one line", tt.args, err, tt.why)
		}
	}
}

// A space in the query was refused while one in the path was encoded.
func TestASpaceInTheQueryWasRefused(t *testing.T) {
	s, err := parsed("--path", "/search x?q=a b&r=é%20", ":8080")
	if err != nil || s.path != "/search%20x?q=a%20b&r=%C3%A9%20" {
		t.Fatalf("%v, path %q", err, s.path)
	}
}

// docs/load.md had a command line that was refused.
func TestALineOfThePapersWasRefused(t *testing.T) {
	var lines []string
	for _, paper := range []string{"../../../../docs/load.md", "../../../../README.md"} {
		text, err := os.ReadFile(paper)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if line, ok := strings.CutPrefix(line, "    muster load "); ok {
				lines = append(lines, line)
			}
		}
	}
	for line := range strings.Lines(examples) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "   ") // what it means
		lines = append(lines, strings.TrimPrefix(line, "muster load"))
	}
	if len(lines) < 12 {
		t.Errorf("only %d lines were found", len(lines))
	}
	t.Chdir(t.TempDir())
	for _, line := range lines {
		args := shellWords(line)
		for _, word := range args { // the files are the reader's
			if name, ok := strings.CutPrefix(word, "@"); ok {
				if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		s, err := parsed(args...)
		if err != nil {
			t.Errorf("muster load %s: %v", line, err)
			continue
		}
		if bad := strings.ContainsFunc(s.path, func(r rune) bool { return r <= ' ' || r >= 0x7f }); bad {
			t.Errorf("muster load %s: the path is %q", line, s.path)
		}
	}
}

// shellWords is a line as a shell cuts it, as far as the papers need it: quotes,
// and the end at a pipe or a comment.
func shellWords(line string) (words []string) {
	var word strings.Builder
	begun, quoted := false, false
	for _, c := range line + "\n" {
		switch {
		case c == '\'':
			quoted, begun = !quoted, true
		case quoted || !strings.ContainsRune(" \n", c):
			if !quoted && !begun && (c == '|' || c == '#') {
				return words
			}
			word.WriteRune(c)
			begun = true
		case begun:
			words = append(words, word.String())
			word.Reset()
			begun = false
		}
	}
	return words
}

// "--timeout 0" must be more than 0, "--timeout -1s" must not be negative.
func TestTimeoutHadTwoWordings(t *testing.T) {
	for _, value := range []string{"0", "0s", "-1s"} {
		if _, err := parsed("--timeout", value); err == nil || !strings.Contains(err.Error(), "must be more than 0") {
			t.Errorf("--timeout %s: %v", value, err)
		}
	}
}
