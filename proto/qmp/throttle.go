package qmp

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	remarksAtOnce = 10          // how often the same remark is logged in a row
	remarksEvery  = time.Minute // and again after this time
)

// throttled is a log handler for remarks about what a peer does. A peer can do the same
// thing wrong a million times a second; the log hears of the first few times, and later
// how many it did not hear of. Remarks are the same when their texts are: those are ours.
type throttled struct {
	slog.Handler
	rows *remarkRows
}

// remarkRows counts remarks by their text.
type remarkRows struct {
	mu   sync.Mutex
	rows map[string]*remarkRow
}

type remarkRow struct {
	since time.Time // when the present row began
	n     int       // remarks in it
	mute  int       // remarks since the last one that was logged
}

func throttle(h slog.Handler) throttled {
	return throttled{Handler: h, rows: &remarkRows{rows: map[string]*remarkRow{}}}
}

// Handle is slog.Handler's method.
func (h throttled) Handle(ctx context.Context, r slog.Record) error {
	mute, ok := h.rows.pass(r.Message, r.Time)
	if !ok {
		return nil
	}
	if mute > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("unlogged", mute))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is slog.Handler's method.
func (h throttled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return throttled{h.Handler.WithAttrs(attrs), h.rows}
}

// WithGroup is slog.Handler's method.
func (h throttled) WithGroup(name string) slog.Handler {
	return throttled{h.Handler.WithGroup(name), h.rows}
}

// pass decides about a remark, and returns how many like it were not logged before.
func (t *remarkRows) pass(text string, now time.Time) (mute int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row := t.rows[text]
	if row == nil {
		row = &remarkRow{since: now}
		t.rows[text] = row
	}
	if now.Sub(row.since) >= remarksEvery {
		row.since, row.n = now, 0
	}
	if row.n == remarksAtOnce {
		row.mute++
		return 0, false
	}
	row.n++
	mute, row.mute = row.mute, 0
	return mute, true
}
