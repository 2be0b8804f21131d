package nodecmd

import (
	"slices"
	"strings"
)

// command is a simple command: variables for it alone, its words, and where it
// reads and writes.
type command struct {
	assigns []word
	words   []word
	redirs  string
	src     string
	sub     bool // in a subshell: its changes end with the subshell
}

// name is the program c runs; "" if c only sets variables, or the program is
// not known.
func (c *command) name() string {
	if len(c.words) == 0 || !c.words[0].fixed {
		return ""
	}
	return c.words[0].val
}

// element is what stands between the separators of a script: a pipeline of
// simple commands, or something with an inner structure.
type element struct {
	src      string
	sep      string // what follows it: "&&", "||", ";", "&" or "" at the end
	commands []command
	nested   bool // if, for, case, { }, ( ), !: commands holds all commands in it
	defines  bool // it defines a function
}

// parseScript cuts a script into its elements. The error is errShell.
func parseScript(s string) ([]element, error) {
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := parser{src: s, start: -1}
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		if n := p.function(tokens[i:]); n > 0 {
			i += n - 1
			continue
		}
		if t.op == "" {
			if len(p.cur.words) == 0 && len(p.cur.assigns) == 0 {
				if t.text == "[[" {
					return nil, errShell // bash only, with a grammar of its own
				}
				if p.reserved(t) {
					continue
				}
			}
			// A number that touches a redirection is its descriptor.
			if i+1 < len(tokens) && isRedirection(tokens[i+1].op) && tokens[i+1].from == t.to && strings.Trim(t.text, "0123456789") == "" {
				continue
			}
			p.word(t)
			continue
		}
		if isRedirection(t.op) {
			from := t.from
			if i > 0 && tokens[i-1].op == "" && tokens[i-1].to == from && strings.Trim(tokens[i-1].text, "0123456789") == "" {
				from = tokens[i-1].from
			}
			if i++; i >= len(tokens) || tokens[i].op != "" {
				return nil, errShell
			}
			p.begin(from, tokens[i].to)
			p.cur.redirs += " " + s[from:tokens[i].to]
			continue
		}
		if !p.operator(t) {
			return nil, errShell
		}
	}
	p.endCommand()
	p.endElement("")
	if len(p.open) > 0 {
		return nil, errShell
	}
	return p.out, nil
}

func isRedirection(op string) bool { return strings.ContainsAny(op, "<>") }

// parser holds what has been read of the script.
type parser struct {
	src      string
	out      []element
	el       element
	start    int // of el; -1 = el is empty
	end      int
	cur      command
	from, to int // of cur
	open     []string
	subs     int  // how many of open are (
	skip     bool // words up to the next operator are no command: for x in ..., case x in, a pattern
}

func (p *parser) begin(from, to int) {
	if p.start < 0 {
		p.start = from
	}
	p.end = to
	if len(p.cur.words)+len(p.cur.assigns) == 0 && p.cur.redirs == "" {
		p.from = from
	}
	p.to = to
}

func (p *parser) word(t token) {
	p.begin(t.from, t.to)
	if p.skip {
		return
	}
	if _, ok := t.assigns(); ok && len(p.cur.words) == 0 {
		p.cur.assigns = append(p.cur.assigns, t.word)
		return
	}
	p.cur.words = append(p.cur.words, t.word)
}

// reserved takes in a reserved word at a place where a command may begin.
func (p *parser) reserved(t token) bool {
	if p.skip && t.text != "in" && t.text != "esac" && t.text != "do" {
		return false
	}
	switch t.text {
	case "if", "while", "until", "{", "!", "then", "else", "elif", "do", "for", "case", "fi", "done", "esac", "}", "function", "select", "coproc":
	default:
		return false
	}
	p.begin(t.from, t.to)
	p.el.nested = true
	p.from = t.to
	switch t.text {
	case "if", "{", "while", "until", "case", "for", "select":
		p.open = append(p.open, t.text)
		p.skip = t.text == "case" || t.text == "for" || t.text == "select"
	case "do":
		p.skip = false
	case "function", "coproc":
		p.el.defines = p.el.defines || t.text == "function"
		p.skip = true
	case "fi", "}", "esac", "done":
		if len(p.open) > 0 {
			p.open = p.open[:len(p.open)-1]
		}
		p.skip = true // until the next operator
	}
	return true
}

// function takes in the ( ) after a function's name, up to its body, and tells
// how many tokens it took; 0 = this is no function.
func (p *parser) function(ts []token) int {
	if len(ts) < 2 || ts[0].op != "(" || ts[1].op != ")" || len(p.cur.words) != 1 || len(p.cur.assigns) > 0 {
		return 0
	}
	p.end = ts[1].to
	p.cur = command{} // the function's name is no command
	p.el.nested, p.el.defines = true, true
	n := 2
	for n < len(ts) && ts[n].op == ";" && p.src[ts[n].from] == '\n' {
		n++
	}
	return n
}

// operator takes in an operator that is no redirection; false = the grammar
// does not allow it here.
func (p *parser) operator(t token) bool {
	empty := p.start < 0
	if empty {
		p.start = t.from
	}
	end := p.end // this leaves out a comment before the operator
	p.end = t.to
	inCase := len(p.open) > 0 && p.open[len(p.open)-1] == "case"
	switch t.op {
	case "(":
		p.el.nested = true
		if inCase {
			return true
		}
		p.endCommand()
		p.open = append(p.open, "(")
		p.subs++
		return true
	case ")":
		p.endCommand()
		p.skip = false
		if inCase {
			return true // a pattern's
		}
		if len(p.open) == 0 || p.open[len(p.open)-1] != "(" {
			return false
		}
		p.open = p.open[:len(p.open)-1]
		p.subs--
		return true
	case ";;":
		p.endCommand()
		p.skip = true
		return inCase
	}
	p.endCommand()
	if inCase && p.skip && t.op == "|" {
		return true // between patterns
	}
	p.skip = false
	if len(p.open) > 0 || t.op == "|" {
		return true
	}
	if empty { // an empty line
		p.start = -1
		return t.op == ";"
	}
	p.end = end
	p.endElement(t.op)
	return slices.Contains([]string{";", "&&", "||", "&"}, t.op)
}

func (p *parser) endCommand() {
	if len(p.cur.words)+len(p.cur.assigns) > 0 || p.cur.redirs != "" {
		p.cur.src = strings.TrimSpace(p.src[p.from:p.to])
		p.cur.sub = p.subs > 0
		p.el.commands = append(p.el.commands, p.cur)
	}
	p.cur = command{}
}

func (p *parser) endElement(sep string) {
	if p.start >= 0 {
		p.el.src, p.el.sep = strings.TrimSpace(p.src[p.start:p.end]), sep
		p.out = append(p.out, p.el)
	}
	p.el, p.start, p.skip = element{}, -1, false
}
