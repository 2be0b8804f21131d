package tui

import "time"

// orUnknown is text, or a dash if it is empty.
func orUnknown(text string) string {
	if text == "" {
		return unknown
	}
	return text
}

// clockText is the local time of day, with milliseconds or without.
func clockText(t time.Time, millis bool) string {
	if t.IsZero() {
		return unknown
	}
	if millis {
		return t.Local().Format("15:04:05.000")
	}
	return t.Local().Format("15:04:05")
}

// fact is a name and its figure.
type fact struct{ name, value string }
