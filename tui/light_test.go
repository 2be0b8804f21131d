package tui

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"muster/styles"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// lightPictures are the frames a projector shows, with their colours.
func lightPictures() map[string]*screen {
	p, all := map[string]*screen{}, pictures()
	for _, name := range []string{"overview-80x24", "crash-loop-80x24", "kill-80x24", "explain-exit-80x24", "help-80x24", "log-80x24"} {
		s := all[name]()
		r := lipgloss.NewRenderer(os.Stderr)
		r.SetColorProfile(termenv.TrueColor)
		s.theme = styles.Light(r)
		p["light-"+name] = s
	}
	return p
}

// TestLightTheme keeps the frames of the light theme with their sequences;
// ESC is written as ^.
func TestLightTheme(t *testing.T) {
	for name, s := range lightPictures() {
		checkGolden(t, name, strings.ReplaceAll(strings.Join(render(s).lines, "\n")+"\n", "\x1b", "^"))
	}
}

// TestLightThemeNeedsNoBackground: on a white terminal there is nothing but the
// theme's colours, attributes and the terminal's own text colour. A background
// of ours, or a light grey for a dark one, would not be readable there.
func TestLightThemeNeedsNoBackground(t *testing.T) {
	sequence := regexp.MustCompile("\x1b\\[([0-9;]*)m")
	for name, s := range lightPictures() {
		th, allowed := s.theme, map[string]bool{"0": true, "1": true, "4": true, "7": true}
		for _, colour := range []styles.Style{th.Accent, th.Warn, th.Dead, th.Muted} {
			allowed[sequence.FindStringSubmatch(colour.On())[1]] = true
		}
		for _, l := range render(s).lines {
			for _, m := range sequence.FindAllStringSubmatch(l, -1) {
				if !allowed[m[1]] {
					t.Errorf("%s has the sequence %q: %q", name, m[1], l)
				}
			}
		}
	}
}

// TestMutedNeverCarriesThePoint: at 80x24 the states, the verdict, the shares
// and the explanation are in no muted text.
func TestMutedNeverCarriesThePoint(t *testing.T) {
	light := lightPictures()
	for name, points := range map[string][]string{
		"light-overview-80x24":     {"listening", "disconnecting", "! 2 of 4 listening", "28%", "4.13k", "425k"},
		"light-explain-exit-80x24": {"The signal SIGKILL ended worker 5", "shared", "c.OnExit"},
		"light-kill-80x24":         {"SIGTERM", "ends it now"},
	} {
		s := light[name]
		muted := s.theme.Muted.On()
		seen := withoutMuted(strings.Join(render(s).lines, "\n"), muted)
		for _, p := range points {
			if !strings.Contains(seen, p) {
				t.Errorf("%s: %q is muted, or not there", name, p)
			}
		}
	}
}

// withoutMuted is a frame without what is written in one style, and without
// sequences.
func withoutMuted(frame, on string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(frame, on)
		b.WriteString(before)
		if !ok {
			return regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(b.String(), "")
		}
		_, frame, _ = strings.Cut(rest, "\x1b[0m")
	}
}
