package main

// measurements is all measurements, in the order of the report.
func (s *suite) measurements() []measurement {
	return []measurement{
		{"rr-shared", []goal{
			{"requests/s, rr / shared, a connection each, 32 clients", "", 0.7, true},
		}, s.rrShared},
		{"cpu", []goal{
			{"CPU of all processes for a connection, shared / net/http on SO_REUSEPORT, 32 clients", "", 1, false},
			{"the same, spread", "", 1.05, false},
			{"the same, rr", "", 1.4, false},
			{"of this the primary, rr", "", 0.39, false},
			{"of this the primary, spread", "", 0.013, false},
			{"for scale, nginx that answers from its memory / net/http on SO_REUSEPORT", "", 0, false},
		}, s.cpu},
		{"cpu-paced", []goal{
			{"CPU of all processes for a connection at 4,000/s, shared / net/http on SO_REUSEPORT", "", 1, false},
			{"the same, spread", "", 1.05, false},
			{"the same, rr", "", 1.4, false},
			{"of this the primary, rr", "", 0.39, false},
			{"of this the primary, spread", "", 0.013, false},
			{"for scale, nginx that answers from its memory / net/http on SO_REUSEPORT", "", 0, false},
		}, s.cpuPaced},
		{"growth", []goal{
			{"CPU of all processes for a connection with 2, 8, 32 and 64 workers, the most / the least, rr", "", 1.5, false},
			{"the same, spread", "", 1.5, false},
		}, s.growth},
		{"kept", []goal{
			{"requests/s over 32 kept connections, rr / net/http on SO_REUSEPORT", "", 0.98, true},
		}, s.keptPlain},
		{"rr-node", []goal{
			{"requests/s, rr of muster / rr of Node's cluster, a connection each, 32 clients", "", 2.5, true},
			{"the same, spread of muster / rr of Node's cluster", "", 3, true},
		}, s.rrNode},
		{"node", []goal{
			{"requests/s of a Node program, under muster run / under Node's cluster, rr, a connection each, 32 clients", "", 1.2, true},
			{"the same, spread / rr of Node's cluster", "", 1.6, true},
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
