package parity

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"muster/engine"
)

// untouched is a cluster whose settings nobody has set.
func untouched(o *engine.Options) { o.Settings = engine.Settings{} }

// setupsOf hears each setup.
func setupsOf(c *engine.Cluster) <-chan engine.Settings {
	heard := make(chan engine.Settings, 64)
	c.OnSetup(func(s engine.Settings) { heard <- s })
	return heard
}

func setUp(t *testing.T, c *engine.Cluster, s engine.Settings) {
	t.Helper()
	if err := c.SetupPrimary(s); err != nil {
		t.Fatal(err)
	}
}

// ownFile is the file of this program, as settings have it.
func ownFile(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return self
}

// sameFile tells whether two paths are of one file: the primary's own may be
// called /proc/self/exe.
func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	x, err := os.Stat(a)
	if err != nil {
		t.Error(err)
		return false
	}
	y, err := os.Stat(b)
	if err != nil {
		t.Error(err)
		return false
	}
	return os.SameFile(x, y)
}

// test-cluster-setup-primary-argv: the arguments of the workers are those the
// primary has when setup is called, and not those at its start; later changes
// do not count.
func TestSetupPrimaryArgv(t *testing.T) {
	was := os.Args
	t.Cleanup(func() { os.Args = was }) // after the cluster's end
	c := newCluster(t, untouched)
	heard := setupsOf(c)
	os.Args = append(slices.Clone(was), "early", "late enough")
	want := slices.Clone(os.Args[1:])
	setUp(t, c, engine.Settings{})
	os.Args = append(os.Args, "too late")
	if got := next(t, heard, "setup").Args; !slices.Equal(got, want) {
		t.Errorf("setup tells the arguments %q, want %q", got, want)
	}
	if got := startedAs(t, fork(t, c, "tell")).Args; !slices.Equal(got, want) {
		t.Errorf("the worker has the arguments %q, want %q", got, want)
	}
	if got := c.Settings().Args; !slices.Equal(got, want) {
		t.Errorf("the settings after the fork have %q, want %q", got, want)
	}
}

// startedAs waits for what a worker tells about itself.
func startedAs(t *testing.T, w *engine.Worker) asStarted {
	t.Helper()
	m := next(t, messagesOf(w), "how it was started")
	var a asStarted
	if err := json.Unmarshal(m.Value, &a); err != nil {
		t.Fatalf("%s: %v", m.Value, err)
	}
	return a
}

// test-cluster-setup-primary-cumulative: no settings before the first setup,
// the defaults after it, and each call keeps what earlier ones have set.
func TestSetupPrimaryCumulative(t *testing.T) {
	t.Parallel()
	c := newCluster(t, untouched)
	if got := c.Settings(); !reflect.DeepEqual(got, engine.Settings{}) {
		t.Errorf("settings before the first setup: %v", got)
	}
	setUp(t, c, engine.Settings{})
	s := c.Settings()
	if !sameFile(t, s.Exec, ownFile(t)) || !slices.Equal(s.Args, os.Args[1:]) || s.Silent != nil || s.ExecArgv != nil {
		t.Errorf("the defaults are %v", s)
	}

	cumulative := s
	cumulative.Exec = "/bin/true"
	setUp(t, c, engine.Settings{Exec: "/bin/true"})
	wantSettings(t, c, cumulative)
	cumulative.Args = []string{"foo", "bar"}
	setUp(t, c, engine.Settings{Args: []string{"foo", "bar"}})
	wantSettings(t, c, cumulative)
	cumulative.ExecArgv = []string{"baz", "bang"}
	setUp(t, c, engine.Settings{ExecArgv: []string{"baz", "bang"}})
	wantSettings(t, c, cumulative)
	cumulative.Silent = new(true)
	setUp(t, c, engine.Settings{Silent: new(true)})
	wantSettings(t, c, cumulative)
	setUp(t, c, engine.Settings{}) // nothing is forgotten
	wantSettings(t, c, cumulative)
	cumulative.Args = []string{}
	setUp(t, c, engine.Settings{Args: []string{}}) // none is not the same as unset
	wantSettings(t, c, cumulative)

	mine := c.Settings()
	mine.ExecArgv[0], *mine.Silent = "changed", false
	wantSettings(t, c, cumulative) // what Settings returns is the caller's
}

func wantSettings(t *testing.T, c *engine.Cluster, want engine.Settings) {
	t.Helper()
	if got := c.Settings(); !reflect.DeepEqual(got, want) {
		t.Errorf("settings are %v, want %v", got, want)
	}
}

// test-cluster-setup-primary-emit: 'setup' is emitted with the settings, for a
// call without any as well.
func TestSetupPrimaryEmit(t *testing.T) {
	t.Parallel()
	c := newCluster(t, untouched)
	heard := setupsOf(c)
	setUp(t, c, engine.Settings{})
	first := next(t, heard, "setup")
	if !sameFile(t, first.Exec, ownFile(t)) || !slices.Equal(first.Args, os.Args[1:]) {
		t.Errorf("setup without settings tells %v", first)
	}
	setUp(t, c, engine.Settings{Args: []string{"x", "y"}})
	if got := next(t, heard, "setup"); !slices.Equal(got.Args, []string{"x", "y"}) || got.Exec != first.Exec {
		t.Errorf("setup tells %v", got)
	}
	fork(t, c, "echo") // a fork is a setup too, as in Node
	if got := next(t, heard, "setup of the fork"); !slices.Equal(got.Args, []string{"x", "y"}) {
		t.Errorf("the fork's setup tells %v", got)
	}
}

// test-cluster-setup-primary-multiple: each call of several in a row is heard
// once, with the settings of that call. The listeners get values of their own.
func TestSetupPrimaryMultiple(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.OnSetup(func(s engine.Settings) { s.Args[0] = "spoilt by another listener" })
	heard := setupsOf(c)
	calls := [][]string{{"1"}, {"2"}, {"3"}, {"4"}}
	for _, args := range calls {
		setUp(t, c, engine.Settings{Args: args})
	}
	setUp(t, c, engine.Settings{ExecArgv: []string{"last"}})
	for _, args := range calls {
		if got := next(t, heard, "setup").Args; !slices.Equal(got, args) {
			t.Errorf("setup tells %q, want %q", got, args)
		}
	}
	if got := next(t, heard, "the last setup"); got.ExecArgv == nil {
		t.Errorf("one setup too many: %v", got)
	}
}

// test-cluster-setup-primary: the arguments and `silent` reach the worker. What
// it prints comes through a pipe then, and not to the primary's own output.
func TestSetupPrimary(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	setUp(t, c, engine.Settings{Args: []string{"custom argument", ""}, Silent: new(true), Cwd: t.TempDir(), Env: []string{tellEnv + "=from settings"}})
	s := c.Settings()
	if s.Silent == nil || !*s.Silent {
		t.Errorf("settings are %v", s)
	}
	w := fork(t, c, "tell")
	if got := startedAs(t, w); !slices.Equal(got.Args, s.Args) || !sameFile(t, got.Cwd, s.Cwd) || got.Env != "from settings" {
		t.Errorf("the worker was started with %+v, want %v", got, s)
	}
	if p := w.Process(); p.Stdin() == nil || p.Stdout() == nil || p.Stderr() == nil {
		t.Errorf("a silent worker has no pipes: %v, %v, %v", p.Stdin(), p.Stdout(), p.Stderr())
	}
	other := fork(t, c, "tell", tellEnv+"=from the fork")
	if got := startedAs(t, other); got.Env != "from the fork" {
		t.Errorf("the fork's own variable is %q in its worker", got.Env)
	}
}
