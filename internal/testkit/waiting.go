package testkit

import (
	"flag"
	"os"
	"strconv"
	"strings"
)

// atOnce is how many parallel tests run at once in a package whose tests wait.
const atOnce = 4

// Runs is a *testing.M, or a stand-in for one.
type Runs interface{ Run() int }

// Waiting is for the TestMain of a package whose tests mostly wait: for
// processes to start and to end, for a grace to be over. By default as many
// parallel tests run at once as there are processors; with two processors,
// tests that wait would keep the others from running while the processors idle.
// So more run at once, unless -parallel says how many. Processes end at once:
// see EndAtOnce.
func Waiting(m Runs) Runs { return waiting{m} }

type waiting struct{ m Runs }

func (w waiting) Run() int {
	EndAtOnce()
	if !flag.Parsed() {
		flag.Parse()
	}
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if f := flag.Lookup("test.parallel"); f != nil && !given {
		_ = f.Value.Set(strconv.Itoa(atOnce)) // a number, so it does not fail
	}
	return w.m.Run()
}

// EndAtOnce keeps the processes that tests start from sleeping for a second
// when they end, the default of -race builds, which only makes every test
// longer.
func EndAtOnce() {
	if old := os.Getenv("GORACE"); !strings.Contains(old, "atexit_sleep_ms") {
		os.Setenv("GORACE", strings.TrimSpace(old+" atexit_sleep_ms=0"))
	}
}
