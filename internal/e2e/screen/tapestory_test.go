//go:build linux

package screen

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The lines of a screen that say more than words and figures.
var (
	logged  = regexp.MustCompile(`^ \d\d:\d\d:\d\d(?:\.\d+)? (.) +(\d+|-) +(\w+)(.*)`)
	listed  = regexp.MustCompile(`^(.) +(\d+) +\d+ ([^\s\w] \w+)(.*)`) // a worker: mark, id, pid, state
	atStart = regexp.MustCompile(`^[1-4] (fork|online|listening)$`)
)

// What differs from one play to the next.
var (
	history = regexp.MustCompile(`[\x{2580}-\x{259f}_]+`)
	howMany = regexp.MustCompile(`; .*|: its .*`) // were cut or dealt again, or would be
	figure  = regexp.MustCompile(`(\d+ of \d+ listening|(?:worker |replaces |death of |workers\[)\d+)|[\d.:]*\d(?:[dhm]\d+)*[kMG%]?(?: ?(?:us|ms|s|m|h)\b)?`)
	spaces  = regexp.MustCompile(`\s{2,}`)
	figures = regexp.MustCompile(`(?: [#-])+$`)
)

// told is what a screen tells: the lines of its log, and the others.
type told struct{ screen, log []string }

// same tells whether two screens tell the same. As far back as both logs reach:
// what is left out of one may have pushed a line off the other. In any order: a
// channel and its process end at the same time.
func (a told) same(b told) bool {
	n := min(len(a.log), len(b.log))
	return slices.Equal(a.screen, b.screen) &&
		slices.Equal(slices.Sorted(slices.Values(a.log[len(a.log)-n:])), slices.Sorted(slices.Values(b.log[len(b.log)-n:])))
}

func (a told) String() string { return strings.Join(append(slices.Clone(a.screen), a.log...), "\n") }

// story is what a screen tells, without its figures. While the tour speaks it
// is the verdict and the tour's words: which worker a client meets is chance.
func story(lines []string) told {
	if at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "─ tour ") }); at > 0 {
		end := slices.IndexFunc(lines[at:], func(l string) bool { return strings.HasPrefix(l, " call ") })
		lines = append(lines[:1:1], lines[at:at+end+1]...)
	}
	var t told
	for _, line := range lines {
		switch m, row := logged.FindStringSubmatch(line), listed.FindStringSubmatch(line); {
		case m != nil && chance(m[2], m[3]):
		case m != nil && (m[3] == "online" || m[3] == "listening"): // since when it counts is as the ends came
			t.log = append(t.log, strings.Join(m[1:4], " "))
		case m != nil:
			t.log = append(t.log, strings.Join([]string{m[1], m[2], m[3], plain(m[4])}, " "))
		case row != nil:
			t.screen = append(t.screen, strings.Join([]string{row[1], row[2], row[3], plain(row[4])}, " "))
		default:
			line = plain(line)
			if onlyFigures := strings.TrimLeft(line, "#% ") == ""; !onlyFigures && !strings.HasPrefix(line, "req/s ") {
				t.screen = append(t.screen, line)
			}
		}
	}
	return t
}

// chance tells whether a line of the log is left out: the workers of the start
// come in any order, and hand-offs wait where the machine is busy.
func chance(worker, kind string) bool {
	return kind == "stall" || atStart.MatchString(worker+" "+kind)
}

// plain is a text with # for its figures, except ids and the verdict.
func plain(text string) string {
	text = howMany.ReplaceAllString(history.ReplaceAllString(text, " "), "")
	text = figure.ReplaceAllStringFunc(text, func(s string) string {
		if figure.FindStringSubmatch(s)[1] != "" {
			return s
		}
		return "#"
	})
	text = strings.TrimSpace(spaces.ReplaceAllString(text, " "))
	return strings.TrimSpace(figures.ReplaceAllString(" "+text, ""))
}

// filmed is a screen of a play, with what may differ in another as $1, $2, ...
const filmed = ` muster  127.0.0.1:$1   policy rr   up    $2s   load   200                ! 3 of 4 listening
 req/s   $3  p50    $4us  open    0  queue    0  cpu  11%  mem   49M  restarts   1  lost   $4
  ID     PID STATE           REQUESTS/S, LAST 28 S        REQ/S OPEN CPU%   MEM DEALT RST     UP
   1   $1 ● listening                     ▁▅▇▅▅▅▅▅▅▅▅$5    50    0  3.0   12M   $3   0    $2s
►  5   $1 ● listening        for 2: SIGKILL         -    -  3.0   12M   $3   1    $2s
─ dealt in the last 10 s ────────────────────────────────── fairness $6 of the 4 that listen ─
 1 ██████████████  25%   5 ███████$5     $4%   3 ██████████████  25%   4 ██████████████  25%
 14:16:12 ◦   $4  online     after $3 ms
 14:16:12 ●   3  listening  127.0.0.1:$1
 14:16:12 ×   2  exit       SIGKILL, not voluntary$7
 14:16:12 ·   5  fork       cluster.fork() -> worker 5, pid $1, replaces 2
 14:16:12 ●   5  listening  $3 ms after the death of 2
 14:16:12 >   -  policy     rr -> shared after $8
`

func TestStoryLeavesOutFiguresOnly(t *testing.T) {
	t.Parallel()
	screen := func(values ...string) string {
		text := filmed
		for i, v := range values {
			text = strings.ReplaceAll(text, "$"+string(rune('1'+i)), v)
		}
		return text
	}
	tell := func(text string) told { return story(strings.Split(text, "\n")) }
	first := screen("41237", "12", "201", "1", "▁", "0.97", "", "0.3 ms")
	second := screen("3000", "4m12", "9.1k", "4", "▇", "1.00", "; 2 dealt again, 1 cut", "55 us")
	want := tell(first)
	if got := tell(second); !got.same(want) || len(got.screen) < 5 || len(got.log) != 4 {
		t.Errorf("the same story is told as\n%v\nand as\n%v", want, got)
	}
	stalled := strings.Replace(second, " 14:16:12 ·", " 14:16:12 !   3  stall      a hand-off has been unanswered for 1.2 s\n 14:16:12 ·", 1)
	const fork, exit = " 14:16:12 ·   5  fork ", " 14:16:12 ×   2  exit "
	forked, ended := strings.Index(second, fork), strings.Index(second, exit)
	sooner := second[:ended] + second[forked:strings.Index(second, " 14:16:12 ●   5")] + second[ended:forked] + second[strings.Index(second, " 14:16:12 ●   5"):]
	sooner = strings.Replace(sooner, " ms after the death of 2", " ms", 1)
	if !tell(sooner).same(want) {
		t.Errorf("two ends in another order change the story:\n%v", tell(sooner))
	}
	shorter := strings.Replace(stalled, " 14:16:12 ×   2  exit       SIGKILL, not voluntary; 2 dealt again, 1 cut\n", "", 1)
	if !tell(stalled).same(want) || !tell(shorter).same(want) {
		t.Errorf("a busy machine changes the story:\n%v\n%v", tell(stalled), tell(shorter))
	}
	for _, other := range []struct{ what, old, new string }{
		{"a policy", "policy rr", "policy shared"},
		{"a verdict", "! 3 of 4", "! 4 of 4"},
		{"a worker's state", "● listening    ", "□ disconnected "},
		{"the selection", "►  5", "   5"},
		{"who was replaced", "replaces 2", "replaces 3"},
		{"who took the place", "►  5 ", "►  6 "},
		{"how it ended", "not voluntary", "voluntary"},
		{"an event", "×   2", "×   3"},
	} {
		changed := strings.ReplaceAll(second, other.old, other.new)
		if changed == second {
			t.Fatalf("%q is not on the screen", other.old)
		}
		if tell(changed).same(want) {
			t.Errorf("%s makes no difference", other.what)
		}
	}
}

// Of a tour's screen only the verdict and the tour's own words are the story.
func TestStoryOfATour(t *testing.T) {
	t.Parallel()
	tour := []string{
		" muster  127.0.0.1:3000   policy rr   up    12s          ● 4 of 4 listening",
		"►  5    3333 ● listening     for 1: SIGKILL    48    0  3.0   10M   109   1     2s",
		"─ tour 5 of 10: killed by accident ─────────────────── √ step 1 of 2 ─",
		" Somebody kills a worker from outside.",
		" call    process.kill(2105, 'SIGKILL')",
		" now     worker 1: SIGKILL, exitedAfterDisconnect false",
	}
	want := story(tour)
	if len(want.screen) != 4 || len(want.log) != 0 {
		t.Fatalf("it tells\n%v", want)
	}
	for i, same := range []bool{false, true, false, false, false, true} {
		other := slices.Clone(tour)
		other[i] = strings.NewReplacer("● ", "! ", "accident", "purpose", "kill", "stop").Replace(other[i])
		if got := story(other).same(want); got != same {
			t.Errorf("%q instead of %q: the same story %t", other[i], tour[i], got)
		}
	}
}
