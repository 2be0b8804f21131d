package parity

import (
	"context"
	"log/slog"
	"testing"

	"muster/engine"
)

// records is a slog.Handler that keeps what it gets.
type records chan slog.Record

func (r records) Enabled(context.Context, slog.Level) bool { return true }
func (r records) Handle(_ context.Context, rec slog.Record) error {
	r <- rec
	return nil
}
func (r records) WithAttrs([]slog.Attr) slog.Handler { return r }
func (r records) WithGroup(string) slog.Handler      { return r }

// await returns the next record with that message.
func (r records) await(t *testing.T, message string) slog.Record {
	t.Helper()
	for {
		if rec := next(t, r, "a record of "+message); rec.Message == message {
			return rec
		}
	}
}

func intOf(rec slog.Record, key string) int64 {
	var n int64
	rec.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			n = a.Value.Int64()
		}
		return true
	})
	return n
}

// Options.Logger gets every event: errors at Error, accidents at Warn, what
// programs say at Debug, the rest at Info.
func TestLoggerLevels(t *testing.T) {
	t.Parallel()
	log := make(records, 1024)
	c := newCluster(t, func(o *engine.Options) { o.Logger = slog.New(log) })
	want := func(message string, level slog.Level, worker int64) {
		t.Helper()
		rec := log.await(t, message)
		if rec.Level != level || intOf(rec, "worker") != worker {
			t.Errorf("%s has level %v and worker %d, want %v and %d", message, rec.Level, intOf(rec, "worker"), level, worker)
		}
	}
	w := fork(t, c, "in-sequence")
	want("setup", slog.LevelInfo, 0)
	want("fork", slog.LevelInfo, 1)
	want("online", slog.LevelInfo, 1)
	send(t, w, "listen")
	want("send", slog.LevelDebug, 1)
	want("listening", slog.LevelInfo, 1)
	send(t, w, "say something")
	want("message", slog.LevelDebug, 1)
	send(t, w, "leave")
	want("disconnect", slog.LevelInfo, 1)
	want("exit", slog.LevelInfo, 1) // it wanted to

	fork(t, c, "lines") // prints, and ends without having been told to
	want("output", slog.LevelDebug, 2)
	want("exit", slog.LevelWarn, 2)

	setUp(t, c, engine.Settings{Exec: "/no/such/program"})
	fork(t, c, "none")
	want("error", slog.LevelError, 3)
}
