package tour

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/engine"
)

// The requests by which policies are compared: many short ones, and beside them
// some that compute.
var (
	quick  = Traffic{Path: "/", Clients: 8, Think: 20 * time.Millisecond}
	uneven = Traffic{Path: "/", Clients: 8, Think: 20 * time.Millisecond, Heavy: "/burn?ms=800"}
)

// measureOver is how many answers a policy is measured by.
const measureOver = 300

func policies(workers int) Chapter {
	from := From{Workers: workers}
	return Chapter{Title: "who gets a connection", Steps: []Step{
		measureUnder(from, quick, "even work",
			"The same short requests under each policy. Sticky has one worker do all of it: they come from one address, as they do behind a proxy.",
			"c.SetSchedulingPolicy(p)  // p of engine.Policies()"),
		measureUnder(from, uneven, "uneven work",
			"One more client has a worker compute, 0.8 s each time. Those that are dealt to that worker meanwhile wait: compare the times, and the shares.",
			"GET /burn?ms=800"),
		{
			Name:   "choose one",
			Say:    "No policy is best at everything: P lists them with what each is good and bad at. Node has the first two, fixed at the first fork.",
			Call:   "muster --policy least",
			Causes: []engine.Kind{engine.KindPolicy},
			From:   from, Traffic: quick, fact: wayFact,
			bar: fixedPolicy, act: toPolicy(engine.SchedLeast), done: switched,
		},
	}}
}

// measureUnder is a step that measures every policy under some traffic.
func measureUnder(from From, traffic Traffic, name, say, call string) Step {
	return Step{
		Name: name, Say: say, Call: call,
		Causes: []engine.Kind{engine.KindPolicy},
		From:   from, Traffic: traffic, fact: measuredFact,
		bar: fixedPolicy, act: measureAll, done: allMeasured,
	}
}

// measured is how a policy did.
type measured struct {
	policy  engine.Policy
	busiest float64       // the largest share of a worker, 0 to 1
	half    time.Duration // half of the answers took no longer
	most    time.Duration // nine of ten took no longer
}

// measureAll measures one policy after the other, as long as the tour goes on.
func measureAll(s *scene) error {
	for _, p := range engine.Policies() {
		if s.snap.Policy != p {
			if _, err := s.do(engine.Command{Op: engine.OpPolicy, Policy: p}); err != nil {
				return err
			}
		}
		if !s.measure(p) {
			return nil
		}
	}
	return nil
}

// measure measures the policy in force; false = that was not possible in time.
func (s *scene) measure(p engine.Policy) bool {
	// Requests under way were dealt under the policy before.
	s.traffic.mark()
	settled := uint64(2 * s.traffic.now.Clients)
	if !s.until(stepLimit, func(s *scene) bool { return s.snap.Policy == p && s.answered() >= settled }) {
		return false
	}
	s.traffic.mark()
	s.traffic.timing(true)
	defer s.traffic.timing(false)
	if !s.until(stepLimit, func(s *scene) bool { return s.answered() >= measureOver }) {
		return false
	}
	all, by := s.traffic.answers()
	times := s.traffic.times()
	m := measured{policy: p, half: within(times, 5), most: within(times, 9)}
	for _, n := range by {
		m.busiest = max(m.busiest, float64(n)/float64(all))
	}
	s.measured = append(s.measured, m)
	return true
}

// within is the time that n of ten do not exceed, 0 of none.
func within(times []time.Duration, n int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[(n*len(times)+9)/10-1]
}

func allMeasured(s *scene) bool { return len(s.measured) == len(engine.Policies()) && s.calm() }

// measuredFact is a table of what was measured so far.
func measuredFact(s *scene) string {
	if len(s.measured) == 0 {
		return ""
	}
	var lines [4]strings.Builder
	for i, name := range []string{"policy", "busiest", "9 of 10 in", "half in"} {
		fmt.Fprintf(&lines[i], "%-11s", name)
	}
	for _, m := range s.measured {
		fmt.Fprintf(&lines[0], "%8s", m.policy)
		fmt.Fprintf(&lines[1], "%7.0f%%", 100*m.busiest)
		fmt.Fprintf(&lines[2], "%8s", brief(m.most))
		fmt.Fprintf(&lines[3], "%8s", brief(m.half))
	}
	texts := make([]string, len(lines))
	for i := range lines {
		texts[i] = lines[i].String()
	}
	return strings.Join(texts, "\n")
}

// brief is a time in a few cells: "0.8ms", "34ms", "1.2s".
func brief(d time.Duration) string {
	switch {
	case d < 9950*time.Microsecond:
		return fmt.Sprintf("%.1fms", d.Seconds()*1000)
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%.0fms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
