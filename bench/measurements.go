package main

// measurements is all measurements, in the order of the report.
func (s *suite) measurements() []measurement {
	return []measurement{
		{"rr-shared", []goal{
			{"requests/s, rr / shared, a connection each, 32 clients", "", 0.85, true},
		}, s.rrShared},
		{"rr-node", []goal{
			{"requests/s, rr of muster / rr of Node's cluster, a connection each, 32 clients", "", 2.5, true},
		}, s.rrNode},
		{"node", []goal{
			{"requests/s of a Node program, under muster run / under Node's cluster, rr, a connection each, 32 clients", "", 1.2, true},
			{"the same, rr, 32 connections kept", "", 1, true},
			{"the same, shared, 32 connections kept", "", 1, true},
			{"PSS of muster's primary with 16 Node workers", "MB", 25, false},
		}, s.node},
		{"handoff-cpu", []goal{
			{"CPU of the primary for a connection in rr", "µs", 20, false},
		}, s.handoffCPU},
		{"traffic", []goal{
			{"requests/s with the traffic view open / closed, rr, a connection each, 32 clients", "", 0.97, true},
		}, s.trafficWatch},
		{"dashboard-idle", []goal{
			{"CPU of the dashboard at 120x40 with 16 idle workers", "% of a core", 0.5, false},
		}, s.dashboardIdle},
		{"frame", []goal{
			{"a frame at 120x40, every figure new, 16 workers", "ms", 1, false},
			{"the same, 256 workers", "ms", 1, false},
		}, s.frame},
		{"start", []goal{
			{"from exec to the first answered request", "ms", 100, false},
		}, s.start},
		{"memory", []goal{
			{"PSS of an idle worker", "MB", 4, false},
			{"PSS of the primary without a screen", "MB", 8, false},
		}, s.memory},
		{"replace", []goal{
			{"from kill -9 of a worker to its replacement listening", "ms", 50, false},
		}, s.replace},
	}
}
