package cell

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Charset is what the terminal can show.
type Charset struct {
	Signs bool // draw only with ASCII signs
	Text  bool // show all other text in ASCII too
}

// CharsetOf reads the charset from the environment: getenv is os.Getenv.
//
// The locale of LC_CTYPE decides, found as POSIX says (Base Definitions 8.2:
// the first of LC_ALL, LC_CTYPE and LANG that is not empty). C and POSIX are
// ASCII, and every named charset but UTF-8 counts as ASCII. A locale without a
// charset, or no locale, says nothing about the terminal: containers and
// services have no locale, and their terminals have UTF-8.
//
// The console of Linux has UTF-8, but its fonts of 256 or 512 characters lack
// some of the signs. (In Debian's console-setup, Lat15-Fixed16, Lat15-VGA16 and
// Lat15-TerminusBold16 lack ◦ □ ► √ ▁ to ▇; Uni2-Fixed16 and Uni2-Terminus16
// lack ◦ □ ► ▁ to ▇.)
func CharsetOf(getenv func(string) string) Charset {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := getenv(name); locale != "" {
			if !isUTF8(locale) {
				return Charset{Signs: true, Text: true}
			}
			break
		}
	}
	term := getenv("TERM")
	return Charset{Signs: term == "linux" || strings.HasPrefix(term, "linux-")}
}

// isUTF8 tells whether a locale, LANGUAGE_TERRITORY.CHARSET@MODIFIER, may use
// UTF-8. Charsets are written in several ways: UTF-8, utf8.
func isUTF8(locale string) bool {
	locale, _, _ = strings.Cut(locale, "@")
	language, set, named := strings.Cut(locale, ".")
	if !named {
		return language != "C" && language != "POSIX"
	}
	return strings.EqualFold(strings.ReplaceAll(set, "-", ""), "utf8")
}

// ASCIILine is a line of a frame for a terminal that has ASCII only: a question
// mark replaces each cell of any other character, so that the line keeps its
// width. Such a terminal would show UTF-8 as several characters.
func ASCIILine(line string) string {
	at := strings.IndexFunc(line, func(r rune) bool { return r > '~' })
	if at < 0 {
		return line
	}
	var b strings.Builder
	b.Grow(len(line))
	for {
		b.WriteString(line[:at])
		if line = line[at:]; line == "" {
			return b.String()
		}
		cluster, width := ansi.FirstGraphemeCluster(line, ansi.GraphemeWidth)
		b.WriteString(strings.Repeat("?", width))
		line = line[max(len(cluster), 1):]
		if at = strings.IndexFunc(line, func(r rune) bool { return r > '~' }); at < 0 {
			at = len(line)
		}
	}
}
