package nodecmd

import (
	"errors"
	"strings"
)

// word is one word of a command.
type word struct {
	text  string // as written in a shell script
	val   string // what it means, if fixed
	fixed bool   // no variable, pattern or command in it: val is known
}

// lit is a word that means s.
func lit(s string) word { return word{quote(s), s, true} }

func lits(ss []string) []word {
	ws := make([]word, len(ss))
	for i, s := range ss {
		ws[i] = lit(s)
	}
	return ws
}

// vals are the meanings of words; false = one of them is not known.
func vals(ws []word) ([]string, bool) {
	ss := make([]string, len(ws))
	for i, w := range ws {
		if !w.fixed {
			return nil, false
		}
		ss[i] = w.val
	}
	return ss, true
}

func texts(ws []word) string {
	ss := make([]string, len(ws))
	for i, w := range ws {
		ss[i] = w.text
	}
	return strings.Join(ss, " ")
}

// assigns tells whether w sets a variable where a command may begin, NAME=value,
// and the name. The name must be unquoted, so it is looked for in the text.
func (w word) assigns() (name string, ok bool) {
	name, _, ok = strings.Cut(w.text, "=")
	return name, ok && isName(name)
}

func isName(s string) bool {
	for i := range len(s) {
		if !inName(s[i]) || i == 0 && s[i] >= '0' && s[i] <= '9' {
			return false
		}
	}
	return s != ""
}

// inName tells whether a name has c after its first byte.
func inName(c byte) bool {
	return c == '_' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
}

// token is a word, or an operator of the shell.
type token struct {
	word
	op       string // "" = a word; "\n" is ";"
	from, to int    // where it stands
}

// errShell is the error for a script that cannot be read.
var errShell = errors.New("not a script that is understood")

// operators, the longer ones first. All other redirections are combinations of
// these: the word after one is its target.
var operators = []string{"<<<", "<<-", "<<", "&&", "||", ";;", "&>>", "&>", ">>", ">&", "<&", "<>", ">|", ";", "&", "|", "<", ">", "(", ")"}

// lex cuts a script of the POSIX shell into tokens
// (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html).
func lex(s string) ([]token, error) {
	var out []token
	brace := strings.LastIndexByte(s, '}')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\\' && strings.HasPrefix(s[i:], "\\\n"):
			i += 2
		case c == '\n':
			out = append(out, token{op: ";", from: i, to: i + 1})
			i++
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		default:
			if op := operatorAt(s[i:]); op != "" {
				if strings.HasPrefix(op, "<<") && op != "<<<" {
					return nil, errShell // a here-document: what follows is text, not commands
				}
				out = append(out, token{op: op, from: i, to: i + len(op)})
				i += len(op)
				continue
			}
			w, n, err := lexWord(s[i:], brace-i)
			if err != nil {
				return nil, err
			}
			out = append(out, token{word: w, from: i, to: i + n})
			i += n
		}
	}
	return out, nil
}

func operatorAt(s string) string {
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// lexWord reads the word s begins with and tells its length. brace is where the
// last } of s stands, less than 0 if there is none.
func lexWord(s string, brace int) (w word, n int, err error) {
	var val strings.Builder
	fixed := true
	i := 0
	for i < len(s) {
		c := s[i]
		switch {
		case strings.IndexByte(" \t\r\n;&|<>()", c) >= 0:
			return word{s[:i], val.String(), fixed || s[:i] == "["}, i, nil
		case c == '\'':
			end := strings.IndexByte(s[i+1:], '\'')
			if end < 0 {
				return w, 0, errShell
			}
			val.WriteString(s[i+1 : i+1+end])
			i += end + 2
		case c == '"':
			end, plain, err := lexDouble(s[i:], &val)
			if err != nil {
				return w, 0, err
			}
			fixed = fixed && plain
			i += end
		case c == '\\':
			if i+1 >= len(s) {
				return w, 0, errShell
			}
			if s[i+1] != '\n' {
				val.WriteByte(s[i+1])
			}
			i += 2
		case c == '$' || c == '`':
			end, err := lexExpansion(s[i:])
			if err != nil {
				return w, 0, err
			}
			fixed = fixed && end == 1 // it is a lone $
			val.WriteString(s[i : i+end])
			i += end
		case strings.IndexByte("*?[", c) >= 0 || c == '~' && i == 0 || c == '{' && brace > i && i+1 < len(s) && s[i+1] != '}' && i > 0:
			fixed = false // the shell may find files, or make several words of it
			val.WriteByte(c)
			i++
		default:
			val.WriteByte(c)
			i++
		}
	}
	return word{s[:i], val.String(), fixed}, i, nil
}

// lexDouble reads the double-quoted string s begins with.
func lexDouble(s string, val *strings.Builder) (n int, plain bool, err error) {
	plain = true
	for i := 1; i < len(s); {
		switch c := s[i]; {
		case c == '"':
			return i + 1, plain, nil
		case c == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\\n", s[i+1]) >= 0:
			if s[i+1] != '\n' {
				val.WriteByte(s[i+1])
			}
			i += 2
		case c == '$' || c == '`':
			end, err := lexExpansion(s[i:])
			if err != nil {
				return 0, false, err
			}
			plain = plain && end == 1
			val.WriteString(s[i : i+end])
			i += end
		default:
			val.WriteByte(c)
			i++
		}
	}
	return 0, false, errShell
}

// lexExpansion tells the length of the expansion s begins with: $NAME, ${...},
// $(...), `...`; 1 if it is a $ alone.
func lexExpansion(s string) (int, error) {
	if s[0] == '`' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '`':
				return i + 1, nil
			}
		}
		return 0, errShell
	}
	if len(s) == 1 {
		return 1, nil
	}
	switch c := s[1]; {
	case c == '{':
		return lexNested(s, 2, '{', '}')
	case c == '(':
		return lexNested(s, 2, '(', ')')
	case c == '\'' || c == '"':
		return 0, errShell // $'...' of bash
	case strings.IndexByte("@*#?$!-", c) >= 0 || c >= '0' && c <= '9':
		return 2, nil
	}
	n := 1
	for n < len(s) && inName(s[n]) {
		n++
	}
	return n, nil
}

// lexNested finds the end of a construct that began before from with open.
func lexNested(s string, from int, open, end byte) (int, error) {
	depth := 1
	for i := from; i < len(s); i++ {
		switch c := s[i]; c {
		case '\\':
			i++
		case '\'':
			n := strings.IndexByte(s[i+1:], '\'')
			if n < 0 {
				return 0, errShell
			}
			i += n + 1
		case '"':
			n, _, err := lexDouble(s[i:], new(strings.Builder))
			if err != nil {
				return 0, err
			}
			i += n - 1
		case open:
			depth++
		case end:
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
	}
	return 0, errShell
}

// Quote is s as one would type it for a POSIX shell.
func Quote(s string) string { return quote(s) }

// quote is s as one would type it for a POSIX shell.
func quote(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\r\n\"'`$&|;<>()*?[]#~\\{}!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteAll is args as one would type them for a POSIX shell.
func quoteAll(args []string) string { return texts(lits(args)) }
