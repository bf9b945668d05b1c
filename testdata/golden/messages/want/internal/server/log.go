package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strconv"
)

// ParseSample reads which part of something is taken: a number from 0 to 1.
func ParseSample(text string) (float64, error) {
	part, err := strconv.ParseFloat(text, 64)
	if err != nil || !(part >= 0 && part <= 1) {
		return 0, errors.New("want a number from 0 to 1")
	}
	return part, nil
}

// NewLogger returns a logger that writes JSON lines. What is logged with the
// context of a request carries the id of that request. What is written can be wrapped.
func NewLogger(w io.Writer, level slog.Level, wrap ...func(slog.Handler) slog.Handler) *slog.Logger {
	var h slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	for _, around := range wrap {
		h = around(h)
	}
	return slog.New(requestHandler{h})
}

// requestHandler adds the id of the request to each record.
type requestHandler struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
