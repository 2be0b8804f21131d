package engine

import "log/slog"

// level is how important an event is to a reader of the log.
func (e *Event) level() slog.Level {
	switch d := e.Detail.(type) {
	case ErrorDetail:
		if !d.Mended {
			return slog.LevelError
		}
	case StoppedDetail:
		return slog.LevelError
	case ExitDetail:
		if !d.Voluntary {
			return slog.LevelWarn
		}
	case StallDetail, OrphansDetail:
		return slog.LevelWarn
	case MessageDetail, SendDetail, OutputDetail:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// attrs are the fields of the event's JSON form, except those a record has
// itself.
func (e *Event) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.Uint64("seq", e.Seq)}
	if e.Worker != 0 {
		attrs = append(attrs, slog.Int("worker", e.Worker), slog.Int("slot", e.Slot))
	}
	if e.PID != 0 {
		attrs = append(attrs, slog.Int("pid", e.PID))
	}
	if e.Call != "" {
		attrs = append(attrs, slog.String("call", e.Call))
	}
	attrs = append(attrs, slog.String("by", string(e.By)))
	if e.Detail != nil {
		attrs = append(attrs, slog.Any("detail", e.Detail))
	}
	return attrs
}
