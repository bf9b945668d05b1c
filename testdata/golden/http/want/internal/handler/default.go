package handler

import (
	"context"
	"io"
	"iter"

	"example.com/http/internal/api"
)

// ReadPath answers GET /styles/{simple}/{.label}/{;matrix*}.
//
// Not implemented yet: the last path parameter does not follow the name of a collection.
func (h *Handler) ReadPath(_ context.Context, _ api.ReadPathRequest) error {
	return api.ErrNotImplemented
}

// ReadQuery answers GET /styles.
//
// Not implemented yet: the answer is a single object, not a list of objects.
func (h *Handler) ReadQuery(_ context.Context, _ api.ReadQueryRequest) (api.ReadQueryResponse, error) {
	return nil, api.ErrNotImplemented
}

// ReadFree answers GET /free.
//
// Not implemented yet: declares no success answer that a table can give.
func (h *Handler) ReadFree(_ context.Context, _ api.ReadFreeRequest) error {
	return api.ErrNotImplemented
}

// GetFile answers GET /files/{+path}.
//
// Not implemented yet: the path does not name one table.
func (h *Handler) GetFile(_ context.Context, _ api.GetFileRequest) (io.Reader, error) {
	return nil, api.ErrNotImplemented
}

// CopyFile answers POST /files/{+path}:copy.
//
// Not implemented yet: the path does not name one table.
func (h *Handler) CopyFile(_ context.Context, _ api.CopyFileRequest) error {
	return api.ErrNotImplemented
}

// SendMessage answers POST /queue/#Action=Send.
//
// Not implemented yet: the path does not name one table.
func (h *Handler) SendMessage(_ context.Context, _ api.SendMessageRequest) error {
	return api.ErrNotImplemented
}

// ReceiveMessage answers POST /queue/#Action=Receive.
//
// Not implemented yet: the path does not name one table.
func (h *Handler) ReceiveMessage(_ context.Context, _ api.ReceiveMessageRequest) error {
	return api.ErrNotImplemented
}

// CreateCharge answers POST /charges.
//
// Not implemented yet: nothing lists or reads what it creates.
func (h *Handler) CreateCharge(_ context.Context, _ api.CreateChargeRequest) (*api.Charge, error) {
	return nil, api.ErrNotImplemented
}

// AddPoint answers POST /points.
//
// Not implemented yet: the request body may have one of several media types.
func (h *Handler) AddPoint(_ context.Context, _ api.AddPointRequest) error {
	return api.ErrNotImplemented
}

// Upload answers POST /uploads.
//
// Not implemented yet: the request body is multipart/form-data, not JSON.
func (h *Handler) Upload(_ context.Context, _ api.UploadRequest) error {
	return api.ErrNotImplemented
}

// GetReport answers GET /report.
//
// Not implemented yet: the answer may have one of several media types.
func (h *Handler) GetReport(_ context.Context, _ api.GetReportRequest) (api.GetReportResponse, error) {
	return nil, api.ErrNotImplemented
}

// Watch answers GET /events.
//
// Not implemented yet: the answer is text/event-stream, not JSON.
func (h *Handler) Watch(_ context.Context, _ api.WatchRequest) (iter.Seq2[api.Point, error], error) {
	return nil, api.ErrNotImplemented
}

// ImportPoints answers POST /import.
//
// Not implemented yet: the request body is application/x-ndjson, not JSON.
func (h *Handler) ImportPoints(_ context.Context, _ api.ImportPointsRequest) error {
	return api.ErrNotImplemented
}

// SendLetter answers POST /letters.
//
// Not implemented yet: nothing lists or reads what it creates.
func (h *Handler) SendLetter(_ context.Context, _ api.SendLetterRequest) (api.SendLetterResponse, error) {
	return nil, api.ErrNotImplemented
}

// SendTelegram answers PUT /telegrams.
//
// Not implemented yet: PUT on a path without an id addresses no single row.
func (h *Handler) SendTelegram(_ context.Context, _ api.SendTelegramRequest) (*api.Telegram, error) {
	return nil, api.ErrNotImplemented
}
