//go:build linux

package screen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tape is what the tests understand of a tape of vhs: as much as ours use. A
// command that is not here is an error, so that a tape says nothing to vhs that
// the tests do not look at.
type tape struct {
	output string
	env    []string // KEY=VALUE
	limit  time.Duration
	steps  []step
}

// step is one thing that happens: keys are pressed, or something is waited for,
// or, with neither, the viewer is given time to read.
type step struct {
	line  int // in the tape
	keys  string
	typed bool // the keys are words for the shell
	wait  *regexp.Regexp
	all   bool // wait for it on the whole screen, not in the cursor's line
	limit time.Duration
}

// keysOf are the commands that press a key which is not a letter.
var keysOf = map[string]string{
	"Enter": "\r", "Escape": "\x1b", "Tab": "\t", "Space": " ", "Backspace": "\x7f",
	"Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D",
	"PageUp": "\x1b[5~", "PageDown": "\x1b[6~",
}

var (
	// The command, what is tied to it by + and @, and its argument.
	commandForm = regexp.MustCompile(`^([A-Z][A-Za-z]*)(?:\+([A-Za-z]+))?(?:@(\w+))?(?: +(.+))?$`)
	stringForm  = regexp.MustCompile("^(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`)$")
	regexpForm  = regexp.MustCompile(`^/([^/]*)/$`)
	envForm     = regexp.MustCompile(`^(\w+) "([^"]*)"$`)
)

// parseTape reads a tape, and refuses what vhs would take and not do.
func parseTape(text string) (*tape, error) {
	t := &tape{limit: 15 * time.Second}
	started := false // a command that is no setting has been
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		part := commandForm.FindStringSubmatch(line)
		if part == nil {
			return nil, fmt.Errorf("line %d: %q is no command", i+1, line)
		}
		name, with, at, arg := part[1], part[2], part[3], part[4]
		var err error
		switch name {
		case "Output":
			t.output = arg
		case "Require":
		case "Set":
			if started {
				err = fmt.Errorf("a Set after other commands: vhs ignores it")
			} else if limit, ok := strings.CutPrefix(arg, "WaitTimeout "); ok {
				t.limit, err = time.ParseDuration(limit)
			}
		default:
			started = true
			s := step{line: i + 1}
			if err = s.read(t, name, with, at, arg); err == nil && name != "Hide" && name != "Show" && name != "Env" {
				t.steps = append(t.steps, s)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", i+1, line, err)
		}
	}
	return t, t.waits()
}

// read fills a step.
func (s *step) read(t *tape, name, with, at, arg string) error {
	var err error
	key, isKey := keysOf[name]
	switch {
	case isKey && with == "":
		n := 1
		if arg != "" {
			if n, err = strconv.Atoi(arg); err != nil || n < 1 {
				return fmt.Errorf("%q is no count", arg)
			}
		}
		s.keys = strings.Repeat(key, n)
	case name == "Ctrl" && len(with) == 1:
		s.keys = string(strings.ToUpper(with)[0] & 0x1f)
	case name == "Type":
		m := stringForm.FindStringSubmatch(arg)
		if m == nil {
			return fmt.Errorf("%s is no string", arg)
		}
		s.keys = m[1] + m[2] + m[3]
		s.typed = len(s.keys) > 1
	case name == "Wait":
		s.all, s.limit = with == "Screen", t.limit
		m := regexpForm.FindStringSubmatch(arg)
		if m == nil || with != "Screen" && with != "Line" {
			return fmt.Errorf("want Wait+Screen or Wait+Line and a /regexp/")
		}
		if at != "" {
			if s.limit, err = time.ParseDuration(at); err != nil {
				return err
			}
		}
		s.wait, err = regexp.Compile(m[1])
	case name == "Sleep":
		_, err = time.ParseDuration(arg)
	case name == "Env":
		m := envForm.FindStringSubmatch(arg)
		if m == nil {
			return fmt.Errorf("want a name and a string")
		}
		t.env = append(t.env, m[1]+"="+m[2])
	case name == "Hide", name == "Show":
	default:
		err = fmt.Errorf("the tests do not know it")
	}
	return err
}

// waits checks that the tape never relies on time: what is pressed is followed
// by a wait for what it does, before the viewer may read. Words for the shell
// do nothing yet.
func (t *tape) waits() error {
	owed := 0 // the line of a key nobody has waited for
	for _, s := range t.steps {
		switch {
		case s.wait != nil:
			owed = 0
		case s.keys != "" && !s.typed:
			owed = s.line
		case s.keys == "" && owed != 0:
			return fmt.Errorf("line %d: time passes, but what line %d does was not waited for", s.line, owed)
		}
	}
	if owed != 0 {
		return fmt.Errorf("line %d: nothing waits for what it does", owed)
	}
	return nil
}

func TestParseTape(t *testing.T) {
	t.Parallel()
	got, err := parseTape("# a comment\nOutput a.gif\nRequire muster\nSet WaitTimeout 3s\nSet Shell bash\nHide\nEnv A \"b c\"\nShow\n" +
		"Type@10ms 'say \"x\"'\nSleep 1s\nEnter\nWait+Line />$/\nDown@100ms 2\nWait+Screen@700ms /a +b/\nCtrl+C\nWait+Screen /end/\n")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, s := range got.steps {
		told = append(told, fmt.Sprintf("%d %q %t %v %t %v", s.line, s.keys, s.typed, s.wait, s.all, s.limit))
	}
	want := []string{
		`9 "say \"x\"" true <nil> false 0s`,
		`10 "" false <nil> false 0s`,
		`11 "\r" false <nil> false 0s`,
		`12 "" false >$ false 3s`,
		`13 "\x1b[B\x1b[B" false <nil> false 0s`,
		`14 "" false a +b true 700ms`,
		`15 "\x03" false <nil> false 0s`,
		`16 "" false end true 3s`,
	}
	if !slices.Equal(told, want) || got.output != "a.gif" || !slices.Equal(got.env, []string{"A=b c"}) {
		t.Errorf("output %q, env %q, steps\n%s", got.output, got.env, strings.Join(told, "\n"))
	}
	for text, wrong := range map[string]string{
		"Enter\nWait+Line /x/\nSet Width 3": "line 3: Set Width 3: a Set after",
		"Type x":                            "no string",
		"Screenshot a.png":                  "do not know",
		"nonsense":                          "line 1",
		"Wait /x/":                          "want Wait+Screen",
		"Wait+Screen /(/":                   "missing closing",
		"Wait+Screen@x /a/":                 "invalid duration",
		"Down none":                         "no count",
		"Shift+Tab":                         "do not know",
		"Sleep long":                        "invalid duration",
		"Type \"k\"\nSleep 1s":              "line 2: time passes, but what line 1 does",
		"Enter":                             "line 1: nothing waits",
	} {
		if _, err := parseTape(text); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v, want %q", text, err, wrong)
		}
	}
}
