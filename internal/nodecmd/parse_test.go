package nodecmd

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// shown is elements in short: each with its commands and what follows it.
func shown(els []element) string {
	var out []string
	for _, e := range els {
		var cs []string
		for _, c := range e.commands {
			var ws []string
			for _, w := range c.assigns {
				ws = append(ws, w.text)
			}
			for _, w := range c.words {
				if w.fixed {
					ws = append(ws, w.val)
				} else {
					ws = append(ws, "?"+w.text)
				}
			}
			cs = append(cs, strings.Join(ws, " ")+c.redirs)
		}
		text := strings.Join(cs, " | ")
		if e.nested {
			text = "(" + text + ")"
		}
		out = append(out, text+e.sep)
	}
	return strings.Join(out, " ")
}

func TestParseScript(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "",
		"node x.js":                     "node x.js",
		"  node   'a b' \"c d\" e\\ f ": "node a b c d e f",
		"A=1 B='x y' node x":            "A=1 B='x y' node x",
		"A=1":                           "A=1",
		"node A=1":                      "node A=1",
		"npm run build && node x":       "npm run build&& node x",
		"a;b\nc & d || e":               "a; b; c& d|| e",
		"a && b;":                       "a&& b;",
		"node a | pino -x | cat":        "node a | pino -x | cat",
		"node x > log 2>&1 <in":         "node x > log 2>&1 <in",
		"node x 2 >y":                   "node x 2 >y",
		"node $X \"$Y\" ${Z:-a b} $(cd; ls) `q w`": `node ?$X ?"$Y" ?${Z:-a b} ?$(cd; ls) ?` + "`q w`",
		`node '$X' \$Y "\$Z" "a\"b"`:               `node $X $Y $Z a"b`,
		"node *.js ~/x a?b":                        "node ?*.js ?~/x ?a?b",
		"node x # npm start":                       "node x",
		"node x#y":                                 "node x#y",
		"(cd a && npm run b) && node x":            "(cd a | npm run b)&& node x",
		"if a; then b; else c; fi; node x":         "(a | b | c); node x",
		"for i in a b; do c $i; done; d":           "(c ?$i); d",
		"case $x in a|b) c;; *) d;; esac; e":       "(c | d); e",
		"{ a; b; } && c":                           "(a | b)&& c",
		"! a && b":                                 "(a)&& b",
		"while a; do b; done":                      "(a | b)",
		"node --title='a && b' x":                  "node --title=a && b x",
		"if_ x":                                    "if_ x",
		"echo if; fi_ x":                           "echo if; fi_ x",
		"a\\\n b":                                  "a b",
	} {
		els, err := parseScript(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := shown(els); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestParseScriptRefuses(t *testing.T) {
	for _, in := range []string{"a 'b", `a "b`, "a `b", "a $(b", "a ${b", "cat <<E\nx\nE", "a )", "(a", "if a; then b", "a >", "a > ; b", "&& a", "a \\", "a $'b'", "[[ a && b ]]"} {
		if els, err := parseScript(in); err == nil {
			t.Errorf("%q is read as %s", in, shown(els))
		}
	}
}

// The sources of the elements and commands are those of the script.
func TestParseScriptKeepsTheSource(t *testing.T) {
	const in = `A="$B" npm  run x >log && (cd 'a b'; ls); node $C x | cat -`
	els, err := parseScript(in)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range els {
		var cs []string
		for _, c := range e.commands {
			cs = append(cs, fmt.Sprintf("<%s>", c.src))
		}
		got = append(got, "["+e.src+"] "+strings.Join(cs, ""))
	}
	want := "[A=\"$B\" npm  run x >log] <A=\"$B\" npm  run x >log>\n[(cd 'a b'; ls)] <cd 'a b'><ls>\n[node $C x | cat -] <node $C x><cat ->"
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("%s\nwant\n%s", s, want)
	}
}

// A script that is larger than an argument may be took seconds, and then could not
// be started; a word with many $ or { took the square of its length.
func TestLongScripts(t *testing.T) {
	_, err := Resolve([]string{"npm", "start"}, world(withScript("start", "node "+strings.Repeat("x", 1<<20))))
	if e := (*Error)(nil); !errors.As(err, &e) || len(e.Problem) > 200 {
		t.Errorf("1 MiB: %v", err)
	}
	for _, script := range []string{
		"node $" + strings.Repeat("x", 1<<20), "node " + strings.Repeat("x{", 1<<19), "node " + strings.Repeat("x{ ", 1<<18), "node " + strings.Repeat("$x", 1<<19),
	} {
		if els, err := parseScript(script); err != nil || len(els) != 1 {
			t.Errorf("%.20s: %d elements, %v", script, len(els), err)
		}
	}
	deep := strings.Repeat("env npx cross-env A=1 ", 200) + "node x.js"
	if _, err := Resolve(split(t, deep), world(withScript())); err == nil || !strings.Contains(err.Error(), "one in another") {
		t.Errorf("200 launchers: %v", err)
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add("npm run build && A=1 node 'x y' | cat; if a; then b; fi")
	f.Fuzz(func(t *testing.T, s string) {
		els, err := parseScript(s)
		if err != nil {
			return
		}
		for _, e := range els {
			if !strings.Contains(s, e.src) {
				t.Errorf("%q is not in %q", e.src, s)
			}
		}
	})
}
