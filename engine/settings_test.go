package engine

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSettingsAddUp(t *testing.T) {
	on, off := true, false
	base := Settings{Exec: "node", ExecArgv: []string{"--inspect"}, Args: []string{"a"}, Cwd: "/", Env: []string{"A=1"}, Silent: &on}
	for name, c := range map[string]struct {
		more Settings
		want func(*Settings)
	}{
		"nothing":       {Settings{}, func(*Settings) {}},
		"exec":          {Settings{Exec: "bun"}, func(s *Settings) { s.Exec = "bun" }},
		"no flags":      {Settings{ExecArgv: []string{}}, func(s *Settings) { s.ExecArgv = []string{} }},
		"no arguments":  {Settings{Args: []string{}}, func(s *Settings) { s.Args = []string{} }},
		"directory":     {Settings{Cwd: "/tmp"}, func(s *Settings) { s.Cwd = "/tmp" }},
		"environment":   {Settings{Env: []string{"B=2"}}, func(s *Settings) { s.Env = []string{"B=2"} }},
		"not silent":    {Settings{Silent: &off}, func(s *Settings) { s.Silent = &off }},
		"stdio":         {Settings{Stdio: []Stdio{StdioIgnore}}, func(s *Settings) { s.Stdio = []Stdio{StdioIgnore} }},
		"all and stdio": {Settings{Silent: &off, Stdio: []Stdio{"", StdioPipe}}, func(s *Settings) { s.Silent, s.Stdio = &off, []Stdio{"", StdioPipe} }},
	} {
		t.Run(name, func(t *testing.T) {
			want := base.clone()
			c.want(&want)
			got, err := base.merge(c.more)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		})
	}
}

// What silent says is about the streams stdio names too: the later call counts.
func TestSilentAfterStdioCounts(t *testing.T) {
	on := true
	s, err := Settings{Stdio: []Stdio{StdioIgnore, StdioIgnore, StdioIgnore}}.merge(Settings{Silent: &on})
	if got := s.stdio(); err != nil || got != [3]Stdio{StdioPipe, StdioPipe, StdioPipe} {
		t.Errorf("%v, %v", got, err)
	}
}

func TestStdioOfSettings(t *testing.T) {
	on, off := true, false
	for name, c := range map[string]struct {
		s    Settings
		want [3]Stdio
	}{
		"default":    {Settings{}, [3]Stdio{StdioEvents, StdioEvents, StdioEvents}},
		"silent":     {Settings{Silent: &on}, [3]Stdio{StdioPipe, StdioPipe, StdioPipe}},
		"not silent": {Settings{Silent: &off}, [3]Stdio{StdioInherit, StdioInherit, StdioInherit}},
		"one":        {Settings{Silent: &on, Stdio: []Stdio{"", StdioIgnore}}, [3]Stdio{StdioPipe, StdioIgnore, StdioPipe}},
	} {
		if got := c.s.stdio(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	for text, s := range map[string]Settings{
		`"A" is no variable`:      {Env: []string{"A"}},
		`"=1" is no variable`:     {Env: []string{"=1"}},
		"stdio for 4 streams":     {Stdio: []Stdio{"", "", "", ""}},
		`"tty" for stderr is not`: {Stdio: []Stdio{"", "", "tty"}},
		"holds a zero byte":       {Args: []string{"a\x00b"}},
	} {
		if _, err := (Settings{}).merge(s); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", s, err, text)
		}
	}
}

func TestSettingsShareNothing(t *testing.T) {
	args := []string{"a"}
	s, err := Settings{}.merge(Settings{Args: args})
	if err != nil {
		t.Fatal(err)
	}
	args[0] = "b"
	s.clone().Args[0] = "c"
	if !slices.Equal(s.Args, []string{"a"}) {
		t.Errorf("arguments %q", s.Args)
	}
}

func TestProgramOfSettings(t *testing.T) {
	p := ranBy(Settings{Args: []string{"x"}})
	if !p.builtin || p.err != nil || !slices.Equal(p.argv, []string{ownName(), "x"}) {
		t.Errorf("without exec: %+v", p)
	}
	p = ranBy(Settings{Exec: "sh", ExecArgv: []string{"-c"}, Args: []string{"true"}})
	if p.builtin || p.err != nil || !strings.HasSuffix(p.path, "/sh") || !slices.Equal(p.argv, []string{"sh", "-c", "true"}) {
		t.Errorf("sh: %+v", p)
	}
	if p = ranBy(Settings{Exec: "no-such-program-here"}); p.err == nil || !strings.Contains(p.err.Error(), "was not found") {
		t.Errorf("nothing: %+v", p)
	}
}

func TestWorkersHaveTheProgramsName(t *testing.T) {
	for argv0, want := range map[string]string{
		"/usr/bin/shop":  "shop",
		"shop":           "shop",
		"shop: worker 3": "shop", // a worker that has a cluster of its own
		"":               "muster",
	} {
		if got := nameOf(argv0); got != want {
			t.Errorf("%q: %q, want %q", argv0, got, want)
		}
	}
}

func ranBy(s Settings) program { return programOf(s, findExec(s)) }

// No arguments and arguments that were never set are two things for a program, and
// one for people.
func TestSettingsOnTheWireAndInWords(t *testing.T) {
	s := Settings{Exec: "node", ExecArgv: []string{}, Args: []string{}, Env: []string{}, Stdio: []Stdio{}}
	if got, want := s.String(), `{"exec":"node"}`; got != want {
		t.Errorf("in words %s, want %s", got, want)
	}
	b, err := json.Marshal(s)
	var back Settings
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil || !reflect.DeepEqual(back, s) {
		t.Errorf("%s became %+v, %v", b, back, err)
	}
}
