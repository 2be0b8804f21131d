package tui

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"muster/engine"
	"muster/tui/internal/cell"
)

// trafficNote is what the view bar says of the picture.
func trafficNote(s *screen) string {
	note := ""
	if t := s.snap.Traffic; t != nil && t.OneIn > 1 {
		note = "1 in " + strconv.Itoa(t.OneIn)
	}
	if s.traffic.slow != nil {
		if note != "" {
			note = ", " + note
		}
		if !s.frozen.IsZero() {
			return "slowed" // the bar has no room for more
		}
		note = "slowed, times real" + note
	}
	return note
}

// shownConns are the connections of the picture, oldest first: as they are, or
// as they were at the moment slow motion has reached.
func shownConns(s *screen) []engine.TrafficConn {
	switch {
	case s.traffic.slow != nil:
		return s.traffic.slow.shown()
	case s.snap.Traffic != nil:
		return s.snap.Traffic.Conns
	}
	return nil
}

// trafficNow is the moment of the picture.
func trafficNow(s *screen) time.Time {
	if sm := s.traffic.slow; sm != nil {
		return sm.at
	}
	return clockOf(s)
}

// quietText is shown in the place of an empty list of connections.
func quietText(s *screen) []string {
	if !s.snap.PrimaryDeals() {
		lines := []string{"The kernel deals: each worker accepts by itself,", "and the primary sees no connection."}
		if s.snap.PolicyFixed == "" {
			lines = append(lines, "P  chooses "+dealing()+", where each connection is seen")
		}
		return lines
	}
	lines := []string{"No connection has come since this view was opened."}
	if _, ok := hintOfKey(s, "l"); ok {
		lines = append(lines, "l  makes some, or in another terminal:")
	} else {
		lines = append(lines, "In another terminal:")
	}
	if cmd := curlCommand(s.snap); cmd != "" {
		return append(lines, cmd)
	}
	return lines[:1]
}

// dealing are the policies in which the primary deals: "rr or least".
func dealing() string {
	var names []string
	for _, p := range engine.Policies() {
		if p.PrimaryDeals() {
			names = append(names, p.String())
		}
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// curlCommand is a command that connects to the cluster; "" without an address.
func curlCommand(snap *engine.Snapshot) string {
	for _, a := range snap.Addresses {
		switch a.Network {
		case "tcp":
			host := a.Host
			if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() || host == "" {
				host = "127.0.0.1"
			}
			return "curl http://" + net.JoinHostPort(host, strconv.Itoa(a.Port)) + "/"
		case "unix":
			return "curl --unix-socket " + a.Host + " http://muster/"
		}
	}
	return ""
}

// quietLines are quietText in the middle of rows lines.
func quietLines(s *screen, rows int) []string {
	text := quietText(s)
	text = text[:min(len(text), max(rows, 0))]
	var out []string
	for range (rows - len(text)) / 2 {
		out = append(out, cell.Spaces(s.w))
	}
	for _, t := range text {
		l := cell.NewLine(s.w, s.signs)
		l.Gap(clamp(1, (s.w-50)/2, 30))
		l.Put(s.theme.Muted, t)
		out = append(out, l.String())
	}
	return cell.FilledUp(out, rows, s.w)
}

// trafficHints is the hint line of view 3.
func trafficHints(s *screen) []hint {
	var hs []hint
	if h, ok := hintOfKey(s, "l"); ok {
		hs = append(hs, h)
	}
	if !s.snap.PrimaryDeals() {
		return append(hs, hintOf(s, actPolicy, "policy"), hintOf(s, actFreeze, "freeze"), hintOf(s, actView1, "overview"), hintOf(s, actHelp, "keys"))
	}
	enter := hintOf(s, actDetails, "this connection")
	enter.short = "its way"
	v := hintOf(s, actSlow, slowWord(s))
	v.short = "slow"
	return append(hs, hintOf(s, actPolicy, "policy"), v, enter, hintOf(s, actFreeze, "freeze"), hintOf(s, actHelp, "keys"))
}

// slowWord is what the key v does next.
func slowWord(s *screen) string {
	if s.traffic.slow != nil {
		return "as it happens"
	}
	return "slow motion"
}

// fromText is a client's address in at most n cells: its port if there is no
// room for all of it.
func fromText(from netip.AddrPort, n int) string {
	if !from.IsValid() {
		return "unix"
	}
	port := strconv.Itoa(int(from.Port()))
	return cell.Fitting(n, from.String(), ":"+port, port)
}

// connName is a connection as the screen names it.
func connName(n uint64) string { return fmt.Sprintf("#%d", n) }
